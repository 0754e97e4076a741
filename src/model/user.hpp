// An account, and what belongs to its authentication. Values only: the rules are in auth/.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/id.hpp"
#include "base/time.hpp"
#include "model/role.hpp"
#include "model/session.hpp"
#include "schema/rules.hpp"

namespace integrity::model {

// SHA-256 or HMAC-SHA-256 of what the server must recognise but never store: challenges, recovery codes.
using Digest = std::array<std::uint8_t, 32>;

enum class UserState : std::uint8_t {
  pending,  // signed up, no factor confirmed yet: not in the history, removed at `pending_until`
  active,
  disabled,  // by the operator
};

inline constexpr schema::Word username_rule{.min = 3, .max = 64, .also = "._@+-"};
inline constexpr schema::Text person_name_rule{.min = 1, .max = 100};

// A reset by an admin or on the host. Clients see it for `reset_shown`.
struct Reset {
  Time at{};
  std::optional<UserId> by = {};  // nothing: a command on the host
  bool factor = false, password = false;
  std::optional<Digest> token_hash = {};  // SHA-256 of the reset token, until it is spent
  Time expires_at{};                      // of the token and of the time to enrol

  bool operator==(const Reset&) const = default;
};
inline constexpr std::chrono::hours reset_shown{30 * 24};

// In place of a password hash: no password is right (as in shadow(5)).
inline constexpr std::string_view no_password = "*";

struct User {
  UserId id;
  std::string username;  // as typed; unique, ignoring case
  std::optional<std::string> name = {};
  std::string password_hash;          // a bcrypt string, see auth/password.hpp
  std::int64_t password_version = 1;  // grows with each new password: challenges are bound to it
  UserState state = UserState::pending;
  Bytes totp_secret = {};  // encrypted; empty: none. Active iff totp_confirmed_at is set
  std::optional<Time> totp_confirmed_at = {};
  std::optional<Time> enrol_until = {};         // after a reset: until when a right password may enrol anew
  std::optional<Time> pending_until = {};       // pending only
  std::string pending_network = {};             // pending only: where the sign-up came from, to limit these
  std::optional<Role> role = {};                // nothing: not confirmed yet, and the confirmation decides
  std::optional<Time> confirmed_at = {};        // when its first factor was; stays
  std::optional<InvitationId> invitation = {};  // pending only: the one it signed up with
  std::optional<Time> last_login_at = {};
  std::optional<Reset> reset = {};
  std::int64_t version = 0;  // counts its changes in the history; 0 while pending
  // The version that clients see: grows with what an admin or the host changes, not with logins.
  std::int64_t public_version = 1;
  Time created_at{};
  Time updated_at{};

  bool has_factor() const { return totp_confirmed_at.has_value(); }
};

// Proof of the first step of a login or an enrolment. Stored under the hash of its token.
struct Challenge {
  enum class Next : std::uint8_t { enrol, verify } next = Next::verify;
  Digest token_hash{};
  UserId user;
  std::int64_t password_version = 0;
  Bytes pending_secret = {};  // encrypted; enrol only: the secret that this challenge would activate
  int attempts = 0;           // wrong codes and recovery codes sent with it
  Time expires_at{};
};

// Guess budget and replay protection of the authenticator of one account. Not part of the history.
struct FactorCounters {
  std::int64_t last_step = 0;            // TOTP step of the last code accepted
  std::int64_t failures = 0;             // consecutive wrong codes; a right code or a recovery code resets it
  std::int64_t failures_unredeemed = 0;  // the same, but a recovery code does not reset it
  std::optional<Time> locked_until = {};
};

}  // namespace integrity::model
