// AES-256-GCM (NIST SP 800-38D) for secrets at rest.
//
// The functions have the names of RFC 5116. A sealed value is: version byte 1 ‖ nonce[12] ‖ ciphertext ‖ tag[16]. The
// nonce is random in every call. An account has few secrets, so the limit of 2^32 random nonces under one key is out of
// reach. `associated` is what the value belongs to (user id, key id): a value sealed for one user does not open for
// another.
#pragma once
#include <optional>

#include "base/random.hpp"
#include "base/secret.hpp"

namespace integrity::crypto {

inline constexpr std::size_t aead_key_bytes = 32;

Bytes seal(const Secret& key, ByteView plain, ByteView associated, Random& random);
// Nothing if it was altered, was sealed with other associated data, or under another key.
std::optional<Secret> open(const Secret& key, ByteView sealed, ByteView associated);

}  // namespace integrity::crypto
