// Where the next write goes on, and the arithmetic of places (docs/adr/0007).
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

// A place is the millisecond in which a product was created, and a count within that millisecond.
inline constexpr int place_count_bits = 21;
inline std::int64_t first_sequence_at(Time created_at) {
  return to_millis(created_at) << place_count_bits;
}
inline std::int64_t first_place_after(Time created_at) {
  return (to_millis(created_at) + 1) << place_count_bits;
}

}  // namespace integrity::store
