// Where the next write continues, and the arithmetic of sequence numbers (docs/adr/0007).
#pragma once
#include <cstdint>

#include "base/time.hpp"

namespace integrity::store {

struct Watermark {
  Time time{};                // never decreases
  std::int64_t number = 0;    // of the last change
  std::int64_t sequence = 0;  // no product that exists or existed has a greater one

  bool operator==(const Watermark&) const = default;
};

// A sequence number: the millisecond in which the product was created, then a count within that millisecond.
inline constexpr int sequence_count_bits = 21;
inline std::int64_t first_sequence_at(Time created_at) {
  return to_millis(created_at) << sequence_count_bits;
}
inline std::int64_t first_sequence_after(Time created_at) {
  return (to_millis(created_at) + 1) << sequence_count_bits;
}

}  // namespace integrity::store
