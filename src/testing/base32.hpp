// Reads the secrets that the server prints for authenticators (`to_base32`); the server itself only writes them.
#pragma once
#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace integrity::test {

// RFC 4648 §6, without padding. Nothing where a character does not belong to the alphabet.
inline std::optional<Bytes> from_base32(std::string_view text) {
  Bytes bytes;
  std::uint32_t bits = 0, held = 0;
  for (const char c : text) {
    const auto value = std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").find(c);
    if (value == std::string_view::npos) return {};
    bits = (bits << 5 | static_cast<std::uint32_t>(value)) & 0xfff;  // no more than 7 left over and 5 new ones
    held += 5;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> held));
  }
  return bytes;
}

}  // namespace integrity::test
