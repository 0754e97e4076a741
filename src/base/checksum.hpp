// FNV-1a, 64 bits: tells whether a text is still what it was. Not a secret and no protection against anybody who can
// write the checksum as well; for that there are digests (crypto/digest.hpp).
#pragma once
#include <cstdint>
#include <string_view>

namespace integrity {

// Stored in databases: it never changes.
constexpr std::uint64_t checksum(std::string_view text) {
  std::uint64_t sum = 0xcbf2'9ce4'8422'2325;
  for (const char each : text) sum = (sum ^ static_cast<unsigned char>(each)) * 0x100'0000'01b3;
  return sum;
}

}  // namespace integrity
