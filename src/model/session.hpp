// A session: what begins after a second factor, and ends by a logout, by time or by another act on the account.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "base/time.hpp"
#include "model/lifetime.hpp"
#include "model/role.hpp"

namespace integrity::model {

enum class SecondFactor : std::uint8_t { otp, recovery };

// How the user was authenticated (RFC 8176).
inline std::vector<std::string_view> amr_of(SecondFactor factor) {
  return {"pwd", factor == SecondFactor::otp ? "otp" : "recovery"};
}

struct Session {
  SessionId id;
  UserId user;
  SecondFactor factor = SecondFactor::otp;
  // Of the user, as it is now: stored with the session, so that one query gives both. The store keeps it true.
  Role role = Role::editor;
  // Number of the refresh token that can be used next. 0: the session has none, and ends with its access token.
  std::int64_t generation = 0;
  Time created_at{};
  std::optional<Time> refreshed_at = {};
  Time proven_at{};  // when a second factor was proved last, for what needs a fresh proof
  Time expires_at{};

  Time used_at() const { return refreshed_at.value_or(created_at); }
  bool operator==(const Session&) const = default;
};

// A session lives at most this long after its last refresh, whatever --session-idle says.
inline constexpr std::chrono::hours session_idle_max{24};

// Expired; or of a clock that was ahead when it was used last, and would else live too long.
inline bool is_over(const Session& session, Time now) {
  return session.expires_at <= now || session.used_at() > now + clock_error_max;
}

// Where the last refresh came from, or else the beginning. For people; nothing is decided by it.
struct Device {
  std::string address = {};
  std::optional<std::string> user_agent = {};

  bool operator==(const Device&) const = default;
};

// With what only lists of sessions need. `Session` alone is what every request asks for.
struct SessionRecord {
  Session session;
  Device device = {};

  bool operator==(const SessionRecord&) const = default;
};

}  // namespace integrity::model
