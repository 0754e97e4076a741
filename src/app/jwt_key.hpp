// Whether JWT_SECRET_KEY is a secret. With a key copied from an example, anybody can issue tokens; and anybody who has
// one token can guess a short or regular key offline.
//
//   if (auto why = jwt_key_weakness(key)) …   // "is 15 bytes long; HS256 needs at least 32 (RFC 7518 §3.2)"
#pragma once
#include <optional>
#include <string>

#include "base/secret.hpp"

namespace integrity::app {

inline constexpr std::size_t jwt_key_bytes_min = 32;  // RFC 7518 §3.2: at least the hash's 256 bits

// Why the key is refused, without any part of it; nothing if it is acceptable. A random key (raw, hex, base64 or a pair
// of UUIDs) is refused with a probability below 10^-6.
std::optional<std::string> jwt_key_weakness(const Secret& key);

}  // namespace integrity::app
