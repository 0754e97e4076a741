#include "auth/administration.hpp"

#include <utility>

#include "auth/account_change.hpp"
#include "auth/challenge.hpp"
#include "auth/enrolment.hpp"

namespace integrity::auth {
namespace {

using model::UserState;

Status may_become(UserState before, UserState after) {
  if (before == after) return {};
  if (before == UserState::pending && after == UserState::active) {
    return invalid_value("#/state",
                         "this account becomes active only when the first code of its authenticator is confirmed");
  }
  if (after == UserState::pending) return invalid_value("#/state", "must be active or disabled");
  return {};
}

// What people look for in a history: the most important thing that changed.
std::string_view op_of(const model::User& before, const model::User& after) {
  if (after.state != before.state) return after.state == UserState::disabled ? "user.disable" : "user.enable";
  return after.role != before.role ? "user.role" : "user.update";
}

std::string_view op_of_reset(bool factor, bool password) {
  if (factor && password) return "user.reset";
  return factor ? "user.factor_reset" : "user.password_reset";
}

}  // namespace

FactorState factor_state(const model::User& user, const model::FactorCounters& counters, Time now) {
  if (!user.has_factor()) {
    const bool may_enrol = user.enrol_until && !model::is_over(*user.enrol_until, model::import_enrolment_life, now);
    return may_enrol ? FactorState::enrol : FactorState::none;
  }
  if (counters.failures_unredeemed >= failures_before_disabled) return FactorState::disabled;
  return is_waiting(counters, now) ? FactorState::waiting : FactorState::active;
}

store::WriteFunction<model::User> Administration::change(const SignedIn& by, const UserId& id, AccountChange change,
                                                         Expected expected) const {
  return [by, id, change = std::move(change), expected = std::move(expected),
          now = context_.clock.now()](store::WriteTx& tx) -> Result<model::User> {
    const auto before = tx.user(id);
    if (!before || is_over(*before, now)) return not_found();
    if (expected) INTEGRITY_CHECK(expected(*before));
    model::User after = *before;
    if (change.name) after.name = *change.name;
    if (change.role) after.role = *change.role;
    if (change.state) after.state = *change.state;
    INTEGRITY_CHECK(may_become(before->state, after.state));
    INTEGRITY_CHECK(keeps_an_admin(tx, *before, after));
    if (after.name == before->name && after.role == before->role && after.state == before->state) return after;
    store_change(tx, by.attribution(), op_of(*before, after), after, before->state);
    if (after.state != before->state) tx.remove_challenges_of(id);
    return after;
  };
}

store::WriteFunction<ResetDone> Administration::reset(const SignedIn& by, const UserId& id, bool factor,
                                                      bool password) const {
  const Time now = context_.clock.now();
  const auto token = to_base64url(context_.random.bytes(one_time_token_bytes));
  return [by, id, factor, password, now, token](store::WriteTx& tx) -> Result<ResetDone> {
    auto user = tx.user(id);
    if (!user || is_over(*user, now)) return not_found();
    ResetWanted wanted{.factor = factor, .password = password};
    ResetDone done{.expires_at = now + model::reset_enrolment_life};
    if (password) {
      user->password_hash = std::string(model::no_password);
      ++user->password_version;
      wanted.token_hash = token_hash(token);
      done.reset_token = token;
    }
    reset_account(tx, by.attribution(), op_of_reset(factor, password), *user, wanted, now);
    return done;
  };
}

store::WriteFunction<Done> Administration::end_sessions(const SignedIn& by, const UserId& id) const {
  return [by, id](store::WriteTx& tx) -> Result<Done> {
    if (!tx.user(id)) return not_found();
    tx.end_sessions_of(by.attribution(), id);
    return Done{};
  };
}

store::WriteFunction<Invited> Administration::invite(const SignedIn& by, model::Role role,
                                                     std::optional<std::string> name,
                                                     std::optional<std::chrono::seconds> expires_in) const {
  return make_invitation(context_, by.attribution(),
                         {.role = role, .name = std::move(name), .expires_in = expires_in.value_or(invitation_life)});
}

store::WriteFunction<Done> Administration::withdraw(const SignedIn& by, const InvitationId& id) const {
  return [by, id, now = context_.clock.now()](store::WriteTx& tx) -> Result<Done> {
    const auto invitation = tx.invitation(id);
    if (!invitation || is_over(*invitation, now)) return not_found();
    tx.remove_invitation(by.attribution(), *invitation, "invitation.delete");
    return Done{};
  };
}

}  // namespace integrity::auth
