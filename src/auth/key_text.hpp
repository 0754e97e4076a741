// Keys for programs as text: `dik_`, 43 characters of base62 for 256 bits, and 6 for the CRC-32 (IEEE) of what precedes
// them. A scanner finds them by dik_[0-9A-Za-z]{49}, and can check them without asking anybody.
#pragma once
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "model/user.hpp"

namespace integrity::auth {

inline constexpr std::string_view key_prefix = "dik_";
inline constexpr std::size_t key_bits_bytes = 32;
inline constexpr std::size_t key_characters = 4 + 43 + 6;

// Shown once: the caller MUST NOT keep it.
std::string make_key_text(Random& random);
// Whether it is written as a key is. It may still be one that nobody made.
bool is_key_text(std::string_view text);
// What the store knows a key by.
model::Digest key_hash(std::string_view text);

}  // namespace integrity::auth
