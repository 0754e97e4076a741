// SHA-2 digests and HMAC (RFC 2104), by OpenSSL. Pure functions, safe from any thread.
#pragma once
#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/secret.hpp"

namespace integrity::crypto {

using Sha1 = std::array<std::uint8_t, 20>;
using Sha256 = std::array<std::uint8_t, 32>;
using Sha384 = std::array<std::uint8_t, 48>;

Sha256 sha256(ByteView data);
Sha1 hmac_sha1(ByteView key, ByteView data);  // for TOTP only (RFC 6238)
Sha256 hmac_sha256(ByteView key, ByteView data);
Sha384 hmac_sha384(ByteView key, ByteView data);

// Derives a key of 32 bytes for one purpose from a uniformly random `key`: HKDF-Expand with SHA-256 (RFC 5869 §2.3). A
// derived key reveals nothing about the keys for other purposes or about `key`.
Secret derive_key(ByteView key, std::string_view purpose);

}  // namespace integrity::crypto
