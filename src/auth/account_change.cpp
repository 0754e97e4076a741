#include "auth/account_change.hpp"

#include "model/lifetime.hpp"

namespace integrity::auth {
namespace {

bool is_active_admin(const model::User& user) {
  return user.role == model::Role::admin && user.state == model::UserState::active && user.confirmed_at;
}

}  // namespace

Status keeps_an_admin(store::ReadTx& tx, const model::User& before, const model::User& after) {
  if (!is_active_admin(before) || is_active_admin(after) || tx.active_admins() > 1) return {};
  return Error{Code::last_admin, before.username + " is the last active admin: make another account admin first"};
}

void store_change(store::WriteTx& tx, const model::Attribution& attribution, std::string_view op, model::User& user,
                  model::UserState state_before) {
  ++user.public_version;
  if (user.state == model::UserState::pending) return tx.update_pending_user(user);
  if (state_before == model::UserState::pending) {  // from now on it has a history and never expires
    user.pending_until.reset();
    user.pending_network.clear();
  }
  tx.update_user(attribution, op, user);
}

void reset_account(store::WriteTx& tx, const model::Attribution& attribution, std::string_view op, model::User& user,
                   const ResetWanted& wanted, Time now) {
  const auto before = user.reset;
  // Two resets one after the other are as good as one of both: the owner sees that.
  const bool shown = before && now < before->at + model::reset_shown;
  user.reset = model::Reset{.at = now,
                            .by = attribution.actor,
                            .factor = wanted.factor || (shown && before->factor),
                            .password = wanted.password || (shown && before->password),
                            .token_hash = wanted.token_hash,
                            .expires_at = now + model::reset_enrolment_life};
  if (!wanted.password && before && before->token_hash) {  // the person still needs it
    user.reset->token_hash = before->token_hash;
    user.reset->expires_at = before->expires_at;
  }
  if (wanted.factor) {
    user.totp_secret.clear();
    if (user.state != model::UserState::pending) {
      user.totp_confirmed_at.reset();
      user.enrol_until = now + model::reset_enrolment_life;
      tx.replace_recovery_codes(attribution, user, {});
      tx.remove_factor_counters(user.id);
    }
  }
  store_change(tx, attribution, op, user, user.state);
  tx.remove_challenges_of(user.id);
  tx.end_sessions_of(attribution, user.id);
}

}  // namespace integrity::auth
