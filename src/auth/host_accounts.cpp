#include "auth/host_accounts.hpp"

#include <utility>

#include "auth/recovery_code.hpp"
#include "base/log.hpp"

namespace integrity::auth {
namespace {

using model::UserState;

const model::Attribution kHost{.proof = model::Attribution::Proof::host};

Error no_such_user(const std::string& username) {
  return {Code::not_found, "there is no account named \"" + username + "\""};
}

Status status_of(const Result<Done>& done) {
  if (!done) return done.error();
  return {};
}

}  // namespace

template <class F>
Status HostAccounts::change_user(const std::string& username, std::string_view op, F change) {
  return status_of(context_.store.write([&](store::WriteTx& tx) -> Result<Done> {
    const auto before = tx.user_by_name(username);
    if (!before) return no_such_user(username);
    model::User after = *before;
    INTEGRITY_TRY(const Effect effect, change(after));
    if (effect == Effect::nothing) return Done{};
    INTEGRITY_CHECK(keeps_an_admin(tx, *before, after));
    store_change(tx, kHost, op, after, before->state);
    if (effect == Effect::change) return Done{};
    tx.remove_challenges_of(after.id);
    tx.end_sessions_of(kHost, after.id);
    return Done{};
  }));
}

Result<HostAccounts::Added> HostAccounts::add_user(const std::string& username, const Secret& password,
                                                   std::optional<model::Role> role) {
  INTEGRITY_CHECK(context_.acceptable(password, username, "#/password"));
  const Time now = context_.clock.now();
  model::User user = make_pending(context_, username, {}, password, now);
  const auto fresh = make_challenge(context_, user.id, model::Challenge::Next::enrol, now, enrol_challenge_life);
  user.totp_secret = fresh.challenge.pending_secret;
  user.role = role;
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
  UserId user;
  const auto done = context_.store.write([&](store::WriteTx& tx) -> Result<Activated> {
    INTEGRITY_TRY(auto live, live_challenge(tx, hash, {}, now));
    INTEGRITY_CHECK(prove(context_, tx, live, {.code = code}, now));
    user = live.user.id;
    return activate(context_, tx, live, codes, now, kHost);
  });
  if (!done) return done.error();
  if (done->first_admin) log_first_admin(user);
  return codes;
}

Status HostAccounts::set_password(const std::string& username, const Secret& password) {
  INTEGRITY_CHECK(context_.acceptable(password, username, "#/password"));
  const std::string hash = context_.hasher.hash(password);
  return reset(username, "user.password", {.password = true}, hash);
}

Status HostAccounts::reset_factor(const std::string& username) {
  return reset(username, "user.factor_reset", {.factor = true}, {});
}

Status HostAccounts::reset(const std::string& username, std::string_view op, const ResetWanted& wanted,
                           const std::string& password_hash) {
  const Time now = context_.clock.now();
  return status_of(context_.store.write([&](store::WriteTx& tx) -> Result<Done> {
    auto user = tx.user_by_name(username);
    if (!user) return no_such_user(username);
    if (wanted.password) {
      user->password_hash = password_hash;
      ++user->password_version;
    }
    reset_account(tx, kHost, op, *user, wanted, now);
    return Done{};
  }));
}

Status HostAccounts::disable(const std::string& username) {
  return change_user(username, "user.disable", [&](model::User& user) -> Result<Effect> {
    const auto before = std::exchange(user.state, UserState::disabled);
    return before == UserState::disabled ? Effect::nothing : Effect::end_sessions;
  });
}

Status HostAccounts::enable(const std::string& username) {
  return change_user(username, "user.enable", [&](model::User& user) -> Result<Effect> {
    if (user.state != UserState::disabled) return Effect::nothing;
    user.state = UserState::active;
    return Effect::end_sessions;
  });
}

Status HostAccounts::set_role(const std::string& username, model::Role role) {
  return change_user(username, "user.role", [&](model::User& user) -> Result<Effect> {
    const auto before = std::exchange(user.role, role);
    return before == role ? Effect::nothing : Effect::change;
  });
}

Status HostAccounts::remove_pending(const std::string& username) {
  return status_of(context_.store.write([&](store::WriteTx& tx) -> Result<Done> {
    auto user = tx.user_by_name(username);
    if (!user) return no_such_user(username);
    if (user->state != UserState::pending) {
      return Error{Code::already_enrolled,
                   user->username +
                       ": only an account that was never confirmed can be removed, for the history "
                       "names all others; `integrity user disable` keeps this one out"};
    }
    user->pending_until = Time{};  // the earliest time, so that this one is removed first
    tx.update_pending_user(*user);
    tx.remove_expired_pending_users(*user->pending_until, 1);
    return Done{};
  }));
}

Result<ApiKeys::Made> HostAccounts::add_key(const std::string& username, std::string name, model::Scopes scopes,
                                            std::optional<std::optional<std::chrono::seconds>> expires_in) {
  INTEGRITY_CHECK(api_keys_.expect_on());
  const auto user = context_.store.read()->user_by_name(username);
  if (!user) return no_such_user(username);
  if (user->state != UserState::active || !user->role) {
    return invalid_value("#/username", "must be an account that is active");
  }
  return context_.store.write(
      api_keys_.create(kHost, user->id, {.name = std::move(name), .scopes = scopes, .expires_in = expires_in}));
}

Status HostAccounts::revoke_key(const ApiKeyId& id) {
  const auto key = context_.store.read()->api_key(id);
  if (!key) return Error{Code::not_found, "there is no key " + id.hex()};
  const auto done = context_.store.write(api_keys_.revoke(kHost, key->user, id));
  if (!done && done.error().code == Code::not_found) {
    return Error{Code::not_found, "the key " + id.hex() + " was revoked already, or has expired"};
  }
  return status_of(done);
}

Result<Invited> HostAccounts::invite(model::Role role, std::optional<std::string> name,
                                     std::optional<std::chrono::seconds> expires_in) {
  return context_.store.write(make_invitation(
      context_, kHost, {.role = role, .name = std::move(name), .expires_in = expires_in.value_or(invitation_life)}));
}

}  // namespace integrity::auth
