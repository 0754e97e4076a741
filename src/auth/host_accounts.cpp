#include "auth/host_accounts.hpp"

#include <utility>

#include "auth/recovery_code.hpp"

namespace integrity::auth {
namespace {

const model::Attribution kHost{.proof = model::Attribution::Proof::host};

Error no_such_user(const std::string& username) {
  return {Code::not_found, "there is no account named \"" + username + "\""};
}

}  // namespace

template <class F>
Status HostAccounts::change_user(const std::string& username, std::string_view op, F change) {
  const auto done = context_.store.write([&](store::WriteTx& tx) -> Result<Done> {
    auto user = tx.user_by_name(username);
    if (!user) return no_such_user(username);
    const auto state_before = user->state;
    INTEGRITY_TRY(const bool changed, change(tx, *user));
    if (!changed) return Done{};
    if (user->state == model::UserState::pending) {
      tx.update_pending_user(*user);
    } else {
      if (state_before == model::UserState::pending) {  // from now on it has a history and never expires
        user->pending_until.reset();
        user->pending_network.clear();
      }
      tx.update_user(kHost, op, *user);
    }
    tx.remove_challenges_of(user->id);
    tx.end_sessions_of(kHost, user->id);
    return Done{};
  });
  if (!done) return done.error();
  return {};
}

Result<HostAccounts::Added> HostAccounts::add_user(const std::string& username, const Secret& password) {
  INTEGRITY_CHECK(context_.acceptable(password, username, "#/password"));
  const Time now = context_.clock.now();
  model::User user = make_pending(context_, username, {}, password, now);
  const auto fresh = make_challenge(context_, user.id, model::Challenge::Next::enrol, now, enrol_challenge_life);
  user.totp_secret = fresh.challenge.pending_secret;
  return context_.store.write([&](store::WriteTx& tx) -> Result<Added> {
    INTEGRITY_CHECK(free_name(tx, username, now));
    INTEGRITY_CHECK(tx.add_pending_user(user));
    add_challenge(context_, tx, user, fresh.challenge);
    return Added{fresh.token, enrolment_of(context_, user, context_.vault.decrypt(user.id, user.totp_secret))};
  });
}

Result<std::vector<std::string>> HostAccounts::confirm(const std::string& challenge, const std::string& code) {
  const Time now = context_.clock.now();
  const auto hash = token_hash(challenge);
  const auto codes = make_recovery_codes(context_.random);
  return context_.store.write([&](store::WriteTx& tx) -> Result<std::vector<std::string>> {
    INTEGRITY_TRY(auto live, live_challenge(tx, hash, {}, now));
    INTEGRITY_CHECK(prove(context_, tx, live, {.code = code}, now));
    activate(context_, tx, live, codes, now, model::Attribution::Proof::host);
    return codes;
  });
}

Status HostAccounts::set_password(const std::string& username, const Secret& password) {
  INTEGRITY_CHECK(context_.acceptable(password, username, "#/password"));
  const std::string hash = context_.hasher.hash(password);
  return change_user(username, "user.password", [&](store::WriteTx&, model::User& user) -> Result<bool> {
    user.password_hash = hash;
    ++user.password_version;
    return true;
  });
}

Status HostAccounts::reset_factor(const std::string& username) {
  const Time now = context_.clock.now();
  return change_user(username, "user.factor_reset", [&](store::WriteTx& tx, model::User& user) -> Result<bool> {
    if (user.state == model::UserState::pending) {
      user.totp_secret.clear();
      return true;
    }
    user.totp_secret.clear();
    user.totp_confirmed_at.reset();
    user.enrol_until = now + reset_enrolment_life;
    tx.replace_recovery_codes(kHost, user, {});
    tx.remove_factor_counters(user.id);
    return true;
  });
}

Status HostAccounts::disable(const std::string& username) {
  return change_user(username, "user.disable", [&](store::WriteTx&, model::User& user) -> Result<bool> {
    return std::exchange(user.state, model::UserState::disabled) != model::UserState::disabled;
  });
}

Status HostAccounts::enable(const std::string& username) {
  return change_user(username, "user.enable", [&](store::WriteTx&, model::User& user) -> Result<bool> {
    if (user.state != model::UserState::disabled) return false;
    user.state = model::UserState::active;
    return true;
  });
}

Status HostAccounts::remove_pending(const std::string& username) {
  const auto done = context_.store.write([&](store::WriteTx& tx) -> Result<Done> {
    auto user = tx.user_by_name(username);
    if (!user) return no_such_user(username);
    if (user->state != model::UserState::pending) {
      return Error{Code::already_enrolled,
                   user->username +
                       ": only an account that was never confirmed can be removed, for the history "
                       "names all others; `integrity user disable` keeps this one out"};
    }
    user->pending_until = Time{};  // the earliest time, so that this one is removed first
    tx.update_pending_user(*user);
    tx.remove_expired_pending_users(*user->pending_until, 1);
    return Done{};
  });
  if (!done) return done.error();
  return {};
}

}  // namespace integrity::auth
