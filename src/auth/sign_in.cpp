#include "auth/sign_in.hpp"

#include <utility>

#include "auth/invitation.hpp"
#include "auth/recovery_code.hpp"
#include "auth/sessions.hpp"
#include "base/log.hpp"

namespace integrity::auth {
namespace {

Error invalid_credentials() {
  return {Code::invalid_credentials, "the username or the password is wrong"};
}

Error reset_token_refused() {
  return {Code::invalid_token, "the reset token is not right, was used, or has expired; ask an admin for another one"};
}

// Whether this is the account's reset token. Compared without a difference in time also where there is no account.
bool may_be_reset(const std::optional<model::User>& user, const model::Digest& hash, Time now) {
  const bool has_token = user && user->reset && user->reset->token_hash;
  const bool right = equal_in_constant_time(has_token ? *user->reset->token_hash : model::Digest{}, hash);
  return right && has_token && user->state != model::UserState::disabled && !is_over(*user, now) &&
         !model::is_over(user->reset->expires_at, reset_enrolment_life, now);
}

}  // namespace

void SignIn::expect_stored_hashes() {
  for (const auto& kind : context_.store.read()->password_hash_kinds()) context_.hasher.expect(kind);
}

Status SignIn::signup_open() const {
  if (context_.rules.signup_open) return {};
  return Error{Code::signup_closed, "accounts are made by the operator of this server, with `integrity user add NAME`"};
}

Status SignIn::may_sign_up(const Client& from) {
  if (const auto wait = context_.signup_rate_limit.take(from.source, context_.clock.now())) {
    log::refusal("signup.throttled", from.network, {{"address", from.address}});
    return too_many_attempts(*wait, "too many sign-ups from this address; wait before the next one");
  }
  return {};
}

Status SignIn::may_log_in_from(const Client& from) {
  if (const auto wait = context_.login_rate_limit.take(from.source, context_.clock.now())) {
    log::refusal("login.throttled", from.network, {{"address", from.address}});
    return too_many_attempts(*wait, "too many logins from this address; wait before the next one");
  }
  return {};
}

Status SignIn::may_log_in(const std::string& username, const Client& from) {
  INTEGRITY_CHECK(may_log_in_from(from));
  return context_.may_guess_password(username, from);
}

Status SignIn::may_reset_password(const Client& from) {
  return may_log_in_from(from);
}

Status SignIn::may_use_invitation(std::string_view token) const {
  INTEGRITY_CHECK(open_invitation(*context_.store.read(), token, context_.clock.now()));
  return {};
}

Result<FirstStep> SignIn::sign_up(const std::string& username, const std::optional<std::string>& name,
                                  const Secret& password, const std::optional<std::string>& invitation,
                                  const Client& from, const store::Origin& origin) {
  INTEGRITY_CHECK(invitation ? may_use_invitation(*invitation) : signup_open());
  INTEGRITY_CHECK(context_.acceptable(password, username, "#/password"));
  const Error taken{Code::username_taken, "this username is taken; choose another"};
  const Time now = context_.clock.now();
  const auto holder = context_.store.read()->user_by_name(username);
  if (holder && !is_over(*holder, now)) return taken;  // before the expensive part
  model::User user = make_pending(context_, username, name, password, now);
  user.pending_network = from.network;
  const auto fresh = make_challenge(context_, user.id, model::Challenge::Next::enrol, now, enrol_challenge_life);
  auto made = context_.store.write(origin, [&](store::WriteTx& tx) -> Result<FirstStep> {
    INTEGRITY_CHECK(free_name(tx, username, now));
    if (tx.pending_users({}) >= context_.rules.pending_max ||
        tx.pending_users(from.network) >= context_.rules.pending_per_network_max) {
      return Error{
          .code = Code::overloaded,
          .detail =
              "too many accounts, in total or from this network, are waiting for their first code; try again later",
          .retry_after = std::chrono::minutes(1)};
    }
    if (invitation) {
      INTEGRITY_TRY(const auto open, open_invitation(tx, *invitation, now));
      user.invitation = open.id;
      user.name = name ? name : open.name;
    }
    INTEGRITY_CHECK(tx.add_pending_user(user));
    add_challenge(context_, tx, user, fresh.challenge);
    return FirstStep{fresh.token, fresh.challenge.next, enrol_challenge_life, user};
  });
  if (made) log::event("signup.done", {{"user", user.id.hex()}, {"address", from.address}});
  return made;
}

Result<FirstStep> SignIn::log_in(const std::string& username, const Secret& password, const Client& from,
                                 const store::Origin& origin) {
  // Checked again: failures counted while this login was queued matter.
  INTEGRITY_CHECK(context_.may_guess_password(username, from));
  auto user = context_.store.read()->user_by_name(username);
  if (user && is_over(*user, context_.clock.now())) user.reset();
  const bool right = context_.hasher.verify(password, user ? user->password_hash : std::string());
  const Time now = context_.clock.now();
  const bool refused = !right || user->state == model::UserState::disabled;
  INTEGRITY_CHECK(context_.guessed_password(username, from, !refused));
  if (refused) {
    // Never the name as typed: people sometimes type their password there.
    log::event("login.refused", {{"user", user ? user->id.hex() : "unknown"}, {"address", from.address}});
    return invalid_credentials();
  }
  log::event("login.first_step", {{"user", user->id.hex()}, {"address", from.address}});

  const auto next = user->has_factor() ? model::Challenge::Next::verify : model::Challenge::Next::enrol;
  const auto fresh = make_challenge(context_, user->id, next, now, enrol_challenge_life);
  const auto rehashed =
      context_.hasher.needs_rehash(user->password_hash) ? std::optional(context_.hasher.hash(password)) : std::nullopt;
  return context_.store.write(origin, [&](store::WriteTx& tx) -> Result<FirstStep> {
    auto current = tx.user(user->id);
    if (!current || current->password_version != user->password_version ||
        current->state == model::UserState::disabled || (user->has_factor() && !current->has_factor())) {
      return invalid_credentials();  // changed while the password was being hashed
    }
    if (!current->has_factor() && current->enrol_until &&
        model::is_over(*current->enrol_until, model::import_enrolment_life, now)) {
      return Error{Code::enrolment_required,
                   "the time to enrol an authenticator is over; ask the operator for another one"};
    }
    model::Challenge challenge = fresh.challenge;
    auto life = enrol_challenge_life;
    if (current->has_factor()) {  // possibly enrolled while the password was hashed
      life = verify_challenge_life;
      challenge.next = model::Challenge::Next::verify;
      challenge.expires_at = now + life;
      challenge.pending_secret.clear();
    }
    if (rehashed) current->password_hash = *rehashed;
    if (current->state == model::UserState::pending) {
      current->pending_until = now + pending_life;
      // The secret that `user add` printed: its first login keeps it.
      if (!current->totp_secret.empty()) challenge.pending_secret = std::exchange(current->totp_secret, {});
      tx.update_pending_user(*current);
    } else if (rehashed) {
      tx.update_user({.actor = current->id, .proof = model::Attribution::Proof::password}, "user.rehash", *current);
    }
    const auto what_is_next = challenge.next;
    add_challenge(context_, tx, *current, std::move(challenge));
    return FirstStep{fresh.token, what_is_next, life, *current};
  });
}

Error SignIn::refuse_without_challenge(const Client& from, Error refusal) {
  const auto wait = context_.no_challenge_rate_limit.take(from.source, context_.clock.now());
  if (!wait) return refusal;
  return too_many_attempts(*wait,
                           "too many requests without a valid challenge; wait, and begin again with "
                           "POST /login");
}

Status SignIn::may_verify(store::ReadTx& tx, std::string_view challenge_token,
                          const std::optional<std::string>& username, const Proof& proof, const Client& from) {
  const Time now = context_.clock.now();
  const auto live = live_challenge(tx, token_hash(challenge_token), username, now);
  if (!live) return refuse_without_challenge(from, live.error());
  auto may = may_confirm(tx, live->user, now);
  if (may) may = may_prove(context_, tx, *live, proof, now);
  if (!may) may.error().cause = "user " + live->user.id.hex();
  return may;
}

Result<FirstStepDone> SignIn::first_step_done(store::ReadTx& tx, std::string_view challenge,
                                              std::string_view username) const {
  auto live = live_challenge(tx, token_hash(challenge), std::string(username), context_.clock.now());
  if (!live) {  // the same for every cause, a missing header included
    live.error().detail =
        "there is no challenge, or it has expired: send Authorization: Bearer <challenge>, with the one that POST "
        "/signup or POST /login gave; or begin again with POST /login";
    return live.error();
  }
  return FirstStepDone(std::move(live->user), std::move(live->challenge));
}

Result<Enrolment> SignIn::enrolment(const FirstStepDone& caller) const {
  if (caller.challenge().next != model::Challenge::Next::enrol) {
    return Error{Code::already_enrolled, "this account has an authenticator already; its secret is never shown again"};
  }
  return enrolment_of(context_, caller.user(),
                      context_.vault.decrypt(caller.user().id, caller.challenge().pending_secret));
}

store::WriteFunction<Verified> SignIn::verify(std::string_view challenge_token, std::optional<std::string> username,
                                              Proof proof, model::Device device) {
  const Time now = context_.clock.now();
  return [this, now, hash = token_hash(challenge_token), username = std::move(username), proof = std::move(proof),
          device = std::move(device), session_id = SessionId::make(now, context_.random),
          codes = make_recovery_codes(context_.random)](store::WriteTx& tx) -> Result<Verified> {
    INTEGRITY_TRY(auto live, live_challenge(tx, hash, username, now));
    const UserId id = live.user.id;
    auto verified = complete(tx, std::move(live), proof, codes, session_id, device, now);
    // For the log: operators want to know which account had a right password but a wrong code.
    if (!verified) verified.error().cause = "user " + id.hex();
    return verified;
  };
}

Result<Verified> SignIn::complete(store::WriteTx& tx, LiveChallenge live, const Proof& proof,
                                  const std::vector<std::string>& codes, const SessionId& session_id,
                                  const model::Device& device, Time now) const {
  INTEGRITY_CHECK(may_confirm(tx, live.user, now));  // before the code is spent
  INTEGRITY_TRY(const auto factor, prove(context_, tx, live, proof, now));
  if (!tx.spend_challenge(live.challenge.token_hash)) return challenge_expired();
  Activated activated;
  if (live.challenge.next == model::Challenge::Next::enrol) {
    INTEGRITY_TRY(activated, activate(context_, tx, live, codes, now, attribution_of(live.user.id, factor)));
  }
  const auto session = start_session(context_, tx, session_id, live.user, factor, device, now);
  tx.set_last_login(live.user.id, now);
  live.user.last_login_at = now;
  const auto left = tx.recovery_codes_left(live.user.id);
  return Verified{.user = std::move(live.user),
                  .session = session,
                  .recovery_codes_left = left,
                  .recovery_codes = std::move(activated.codes),
                  .refresh_token = refresh_token_of(context_, session),
                  .first_admin = activated.first_admin};
}

Status SignIn::reset_password(const std::string& username, std::string_view token, const Secret& new_password,
                              const Client& from, const store::Origin& origin) {
  INTEGRITY_CHECK(context_.acceptable(new_password, username, "#/new_password"));
  const Time now = context_.clock.now();
  const auto hash = token_hash(token);
  const auto user = context_.store.read()->user_by_name(username);
  if (!may_be_reset(user, hash, now)) {
    log::event("password.reset_refused", {{"user", user ? user->id.hex() : "unknown"}, {"address", from.address}});
    return reset_token_refused();
  }
  const std::string stored = context_.hasher.hash(new_password);
  const auto done = context_.store.write(origin, [&](store::WriteTx& tx) -> Result<Done> {
    auto current = tx.user(user->id);
    if (!may_be_reset(current, hash, now)) return reset_token_refused();
    current->password_hash = stored;
    ++current->password_version;
    current->reset->token_hash.reset();
    const model::Attribution attribution{.actor = current->id, .proof = model::Attribution::Proof::reset};
    if (current->state == model::UserState::pending) {
      tx.update_pending_user(*current);
    } else {
      tx.update_user(attribution, "user.password", *current);
    }
    tx.remove_challenges_of(current->id);
    tx.end_sessions_of(attribution, current->id);
    return Done{};
  });
  if (!done) return done.error();
  log::event("password.reset", {{"user", user->id.hex()}, {"address", from.address}});
  return {};
}

}  // namespace integrity::auth
