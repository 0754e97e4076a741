// What the operations that give an access token have in common: POST /verify-2fa and POST /token/refresh.
#pragma once
#include <algorithm>
#include <string>

#include "api/account_fields.hpp"
#include "api/call.hpp"

namespace integrity::api {

inline constexpr std::string_view kAccessTokenAbout = "a signed JWT (RFC 9068); send it as Authorization: Bearer";
inline constexpr std::string_view kRefreshTokenAbout =
    "for POST /token/refresh; opaque, works once; left out where sessions end with their access token";
inline constexpr std::string_view kRefreshSecondsAbout = "seconds until the session ends, unless it is refreshed";
inline constexpr std::string_view kScopeAbout = "what the role lets you do; separated by spaces (RFC 6749 §3.3)";
inline constexpr schema::Integer kSessionSeconds{.min = 0, .max = 604'800};  // seven days

struct IssuedToken {
  std::string token;
  std::int64_t expires_in = 0;
};

// An access token of ten minutes, or less where the session ends before. Signing takes about 30 µs.
inline IssuedToken issue_token(Services& services, const model::Session& session) {
  const auto claims = auth::claims_of(session, services.clock.now(), to_base64url(services.random.bytes(16)));
  return {services.tokens.issue(claims), claims.expires_at - claims.issued_at};
}

// Whole seconds until then.
inline std::int64_t seconds_until(Time end, const Clock& clock) {
  return std::max<std::int64_t>(0, to_seconds(end) - to_seconds(clock.now()));
}

}  // namespace integrity::api
