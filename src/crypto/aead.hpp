// AES-256-GCM (NIST SP 800-38D) for secrets at rest.
//
// A sealed value is: version byte 1 ‖ nonce[12] ‖ ciphertext ‖ tag[16]. The nonce is fresh for every call; at the
// few secrets an account makes, the 2^32 limit of random nonces under one key is out of reach.
// `associated` is what the value belongs to (user id, key id): sealed for one place it does not open in another.
#pragma once
#include <optional>

#include "base/random.hpp"
#include "base/secret.hpp"

namespace integrity::crypto {

inline constexpr std::size_t aead_key_bytes = 32;

Bytes seal(const Secret& key, ByteView plain, ByteView associated, Random& random);
// Nothing when it was altered, belongs elsewhere, or was sealed under another key.
std::optional<Secret> open(const Secret& key, ByteView sealed, ByteView associated);

}  // namespace integrity::crypto
