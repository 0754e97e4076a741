// Refresh tokens: base64url of session id ‖ generation ‖ HMAC-SHA-256(key, session id ‖ generation).
//
// They are derived, so the store keeps none, and the same successor can be given twice. Whoever has the database but not
// the key cannot make one.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.hpp"
#include "base/secret.hpp"

namespace integrity::auth {

struct RefreshToken {
  SessionId session;
  std::int64_t generation = 0;  // from 1: how often the session was refreshed before, plus one

  bool operator==(const RefreshToken&) const = default;
};

std::string write_refresh_token(const Secret& key, const RefreshToken& token);
// Nothing unless it was written with this key.
std::optional<RefreshToken> read_refresh_token(const Secret& key, std::string_view text);

}  // namespace integrity::auth
