// Is JWT_SECRET_KEY one that nobody else knows? HS256 tokens are worth what their key is worth:
// with a copied example anybody can write tokens, and a published token lets a short or regular key
// be guessed offline.
//
//   if (auto why = jwt_key_weakness(key)) …   // "is 15 bytes long; HS256 needs at least 32 (RFC
//   7518 §3.2)"
#pragma once
#include <optional>
#include <string>

#include "base/secret.hpp"

namespace integrity::app {

inline constexpr std::size_t jwt_key_bytes_min = 32;  // RFC 7518 §3.2: at least the hash's 256 bits

// Why the key is refused, without any part of it; nothing if it is acceptable. A key drawn at
// random (raw, hex, base64 or a UUID pair) is refused with a chance below 10^-6.
std::optional<std::string> jwt_key_weakness(const Secret& key);

}  // namespace integrity::app
