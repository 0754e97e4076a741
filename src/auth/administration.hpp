// Other people's accounts, by an admin. The API declares who may call this, and asks for a fresh proof.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "auth/caller.hpp"
#include "auth/context.hpp"
#include "auth/invitation.hpp"

namespace integrity::auth {

// Of an account's authenticator; the first that fits.
enum class FactorState : std::uint8_t {
  none,      // never confirmed, or the time to enrol after a reset is over
  enrol,     // may enrol one after a reset
  disabled,  // by its counter
  waiting,   // after wrong codes
  active,
};
FactorState factor_state(const model::User& user, const model::FactorCounters& counters, Time now);

// The members to change. An empty one keeps its value; an inner nullopt clears it.
struct AccountChange {
  std::optional<std::optional<std::string>> name = {};
  std::optional<model::Role> role = {};
  std::optional<model::UserState> state = {};
};

struct ResetDone {
  std::optional<std::string> reset_token = {};  // 160 bits, base64url; shown once
  Time expires_at{};
};

class Administration {
 public:
  explicit Administration(AuthContext& context) : context_(context) {}

  // Decides by the stored account whether the change is about the right version of it.
  using Expected = std::function<Status(const model::User&)>;
  // Errors, in this order: not_found, those of `expected`, invalid_value (`#/state`: a pending account becomes active by
  // its first code only, and no other one is pending again), last_admin. Where nothing differs, nothing is written.
  store::WriteFunction<model::User> change(const SignedIn& by, const UserId& id, AccountChange change,
                                           Expected expected) const;
  // At least one of the two. All sessions end. Error: not_found.
  store::WriteFunction<ResetDone> reset(const SignedIn& by, const UserId& id, bool factor, bool password) const;
  store::WriteFunction<Done> end_sessions(const SignedIn& by, const UserId& id) const;  // not_found

  // Errors: invalid_value, limit_reached.
  store::WriteFunction<Invited> invite(const SignedIn& by, model::Role role, std::optional<std::string> name,
                                       std::optional<std::chrono::seconds> expires_in) const;
  store::WriteFunction<Done> withdraw(const SignedIn& by, const InvitationId& id) const;  // not_found

 private:
  AuthContext& context_;
};

}  // namespace integrity::auth
