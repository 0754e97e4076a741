// Recovery codes: ten of 120 bits, 24 characters of Crockford's base32, each good for one login.
// Kept as HMAC-SHA-256(key, user id ‖ bits) with a key of their own: bound to one account, and useless without the key.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "model/user.hpp"

namespace integrity::auth {

inline constexpr std::size_t recovery_codes_count = 10;
inline constexpr std::size_t recovery_code_bytes = 15;

// Shown to the user once: the caller MUST NOT keep them.
std::vector<std::string> make_recovery_codes(Random& random);
// The bits of a code as people type it: any case, dashes or spaces (typed_code.hpp), O for 0, I or L for 1 (Crockford).
std::optional<Bytes> parse_recovery_code(std::string_view text);
model::Digest recovery_code_hash(const Secret& key, const UserId& user, ByteView bits);

}  // namespace integrity::auth
