#include "auth/accounts.hpp"

#include <utility>

#include "auth/recovery_code.hpp"
#include "auth/totp.hpp"
#include "base/ascii.hpp"
#include "base/log.hpp"
#include "crypto/digest.hpp"

namespace integrity::auth {
namespace {

constexpr std::size_t kChallengeBytes = 32;

Error challenge_expired() {
  return {Code::challenge_expired, "the challenge does not exist or has expired; begin again with POST /login"};
}

Error invalid_credentials() {
  return {Code::invalid_credentials, "the username or the password is wrong"};
}

// Not confirmed in time: such an account does not exist any more, although it may not have been removed yet.
bool is_over(const model::User& user, Time now) {
  return user.state == model::UserState::pending && model::is_over(*user.pending_until, pending_life, now);
}

std::chrono::seconds life_of(const model::Challenge& challenge) {
  return challenge.next == model::Challenge::Next::enrol ? enrol_challenge_life : verify_challenge_life;
}

Status slowed_down(std::optional<Millis> wait, const Client& from) {
  if (!wait) return {};
  log::refusal("password.throttled", from.network, {{"address", from.address}});
  return too_many_attempts(*wait, "too many wrong passwords; wait before the next one");
}

model::Digest token_hash(std::string_view token) {
  return crypto::sha256(as_bytes(token));
}

}  // namespace

Accounts::Accounts(store::Store& store, const Clock& clock, Random& random, Secret password_key,
                   const Secret& secrets_key, AccountRules rules)
    : store_(store),
      clock_(clock),
      random_(random),
      hasher_(std::move(password_key), rules.bcrypt_cost, random, rules.compare),
      vault_(secrets_key, random),
      second_factor_(vault_),
      rules_(std::move(rules)),
      login_rate_limit_(rules_.login_rate_limit),
      signup_rate_limit_(rules_.signup_rate_limit),
      no_challenge_rate_limit_(rules_.no_challenge_rate_limit) {}

void Accounts::expect_stored_hashes() {
  for (const auto& kind : store_.read()->password_hash_kinds()) hasher_.expect(kind);
}

Status Accounts::signup_open() const {
  if (rules_.signup_open) return {};
  return Error{Code::signup_closed, "accounts are made by the operator of this server, with `integrity user add NAME`"};
}

Status Accounts::may_sign_up(const Client& from) {
  if (const auto wait = signup_rate_limit_.take(from.source, clock_.now())) {
    log::refusal("signup.throttled", from.network, {{"address", from.address}});
    return too_many_attempts(*wait, "too many sign-ups from this address; wait before the next one");
  }
  return {};
}

Status Accounts::may_log_in(const std::string& username, const Client& from) {
  if (const auto wait = login_rate_limit_.take(from.source, clock_.now())) {
    log::refusal("login.throttled", from.network, {{"address", from.address}});
    return too_many_attempts(*wait, "too many logins from this address; wait before the next one");
  }
  return may_guess_password(username, from);
}

Status Accounts::may_guess_password(const std::string& username, const Client& from) {
  return slowed_down(password_failures_.must_wait(username, from.network, clock_.now()), from);
}

Status Accounts::guessed_password(const std::string& username, const Client& from, bool right) {
  return slowed_down(password_failures_.tried(username, from.network, right, clock_.now()), from);
}

Status Accounts::acceptable(const Secret& password, const std::string& username, std::string_view pointer) const {
  if (auto why = weakness(password, username, rules_.issuer)) {
    Error error = invalid_value(std::string(pointer), std::move(*why));
    error.code = Code::weak_password;
    error.detail = "the password is too easy to guess; see errors";
    return error;
  }
  return {};
}

model::User Accounts::make_pending(const std::string& username, const std::optional<std::string>& name,
                                   const Secret& password, Time now) const {
  model::User user;
  user.id = UserId::make(now, random_);
  user.username = username;
  user.name = name;
  user.password_hash = hasher_.hash(password);
  user.version = 0;  // the confirmation is its first change
  user.pending_until = now + pending_life;
  user.created_at = user.updated_at = now;
  return user;
}

Accounts::FreshChallenge Accounts::make_challenge(const UserId& user, model::Challenge::Next next, Time now,
                                                  std::chrono::seconds life) {
  FreshChallenge fresh;
  fresh.token = to_base64url(random_.bytes(kChallengeBytes));
  fresh.challenge = {.next = next, .token_hash = token_hash(fresh.token), .user = user, .expires_at = now + life};
  if (next == model::Challenge::Next::enrol) {
    fresh.challenge.pending_secret = vault_.encrypt(user, random_.secret(totp_secret_bytes));
  }
  return fresh;
}

void Accounts::add_challenge(store::WriteTx& tx, const model::User& user, model::Challenge challenge) const {
  challenge.password_version = user.password_version;
  tx.add_challenge(challenge);
  tx.remove_challenges_but_newest(user.id, challenge.next, rules_.challenges_per_account_max);
}

// Expiry of pending accounts uses the host's clock; the store's time can be far ahead of it.
Status Accounts::free_name(store::WriteTx& tx, const std::string& username, Time now) const {
  auto holder = tx.user_by_name(username);
  if (!holder) return {};
  if (!is_over(*holder, now)) {
    return Error{Code::username_taken, "the username \"" + username + "\" is taken; choose another"};
  }
  holder->pending_until = Time{};  // so that the store, too, takes the name for free
  tx.update_pending_user(*holder);
  return {};
}

Result<FirstStep> Accounts::sign_up(const std::string& username, const std::optional<std::string>& name,
                                    const Secret& password, const Client& from, const store::Origin& origin) {
  INTEGRITY_CHECK(acceptable(password, username, "#/password"));
  const Error taken{Code::username_taken, "this username is taken; choose another"};
  const Time now = clock_.now();
  const auto holder = store_.read()->user_by_name(username);
  if (holder && !is_over(*holder, now)) return taken;  // before the expensive part
  model::User user = make_pending(username, name, password, now);
  user.pending_network = from.network;
  const auto fresh = make_challenge(user.id, model::Challenge::Next::enrol, now, enrol_challenge_life);
  auto made = store_.write(origin, [&](store::WriteTx& tx) -> Result<FirstStep> {
    INTEGRITY_CHECK(free_name(tx, username, now));
    if (tx.pending_users({}) >= rules_.pending_max ||
        tx.pending_users(from.network) >= rules_.pending_per_network_max) {
      return Error{
          .code = Code::overloaded,
          .detail =
              "too many accounts, in total or from this network, are waiting for their first code; try again later",
          .retry_after = std::chrono::minutes(1)};
    }
    INTEGRITY_CHECK(tx.add_pending_user(user));
    add_challenge(tx, user, fresh.challenge);
    return FirstStep{fresh.token, fresh.challenge.next, enrol_challenge_life, user};
  });
  if (made) log::event("signup.done", {{"user", user.id.hex()}, {"address", from.address}});
  return made;
}

Result<FirstStep> Accounts::log_in(const std::string& username, const Secret& password, const Client& from,
                                   const store::Origin& origin) {
  // Checked again: failures counted while this login was queued matter.
  INTEGRITY_CHECK(may_guess_password(username, from));
  auto user = store_.read()->user_by_name(username);
  if (user && is_over(*user, clock_.now())) user.reset();
  const bool right = hasher_.verify(password, user ? user->password_hash : std::string());
  const Time now = clock_.now();
  const bool refused = !right || user->state == model::UserState::disabled;
  INTEGRITY_CHECK(guessed_password(username, from, !refused));
  if (refused) {
    // Never the name as typed: people sometimes type their password there.
    log::event("login.refused", {{"user", user ? user->id.hex() : "unknown"}, {"address", from.address}});
    return invalid_credentials();
  }
  log::event("login.first_step", {{"user", user->id.hex()}, {"address", from.address}});

  const auto next = user->has_factor() ? model::Challenge::Next::verify : model::Challenge::Next::enrol;
  const auto fresh = make_challenge(user->id, next, now, enrol_challenge_life);
  const auto rehashed =
      hasher_.needs_rehash(user->password_hash) ? std::optional(hasher_.hash(password)) : std::nullopt;
  return store_.write(origin, [&](store::WriteTx& tx) -> Result<FirstStep> {
    auto current = tx.user(user->id);
    if (!current || current->password_version != user->password_version ||
        current->state == model::UserState::disabled || (user->has_factor() && !current->has_factor())) {
      return invalid_credentials();  // changed while the password was being hashed
    }
    if (!current->has_factor() && current->enrol_until &&
        model::is_over(*current->enrol_until, import_enrolment_life, now)) {
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
    add_challenge(tx, *current, std::move(challenge));
    return FirstStep{fresh.token, what_is_next, life, *current};
  });
}

Result<model::Challenge> Accounts::live_challenge(store::ReadTx& tx, const model::Digest& hash, Time now,
                                                  model::User& user) const {
  auto challenge = tx.challenge(hash);
  if (!challenge || model::is_over(challenge->expires_at, life_of(*challenge), now) ||
      challenge->attempts >= challenge_attempts_max) {
    return challenge_expired();
  }
  auto owner = tx.user(challenge->user);
  if (!owner || owner->state == model::UserState::disabled || owner->password_version != challenge->password_version) {
    return challenge_expired();
  }
  user = std::move(*owner);
  return std::move(*challenge);
}

Result<model::Challenge> Accounts::live_challenge(store::ReadTx& tx, const model::Digest& hash,
                                                  const std::optional<std::string>& username, Time now,
                                                  model::User& user) const {
  INTEGRITY_TRY(auto challenge, live_challenge(tx, hash, now, user));
  if (username && !equal_ignoring_case(*username, user.username)) return challenge_expired();
  return challenge;
}

Error Accounts::refuse_without_challenge(const Client& from, Error refusal) {
  const auto wait = no_challenge_rate_limit_.take(from.source, clock_.now());
  if (!wait) return refusal;
  return too_many_attempts(*wait,
                           "too many requests without a valid challenge; wait, and begin again with "
                           "POST /login");
}

Status Accounts::may_verify(store::ReadTx& tx, std::string_view challenge_token,
                            const std::optional<std::string>& username, const Proof& proof, const Client& from) {
  const Time now = clock_.now();
  model::User user;
  auto challenge = live_challenge(tx, token_hash(challenge_token), username, now, user);
  if (!challenge) return refuse_without_challenge(from, std::move(challenge).error());
  auto may = may_prove(tx, user, *challenge, proof, now);
  if (!may) may.error().cause = "user " + user.id.hex();
  return may;
}

Result<FirstStepDone> Accounts::first_step_done(store::ReadTx& tx, std::string_view challenge,
                                                std::string_view username) const {
  model::User user;
  INTEGRITY_TRY(auto live, live_challenge(tx, token_hash(challenge), std::string(username), clock_.now(), user));
  return FirstStepDone(std::move(user), std::move(live));
}

Enrolment Accounts::enrolment_of(const model::User& user, const Secret& secret) const {
  return {otpauth_uri(rules_.issuer, user.username, secret), to_base32(secret.reveal()), rules_.issuer, user.username};
}

Result<Enrolment> Accounts::enrolment(const FirstStepDone& caller) const {
  if (caller.challenge().next != model::Challenge::Next::enrol) {
    return Error{Code::already_enrolled, "this account has an authenticator already; its secret is never shown again"};
  }
  return enrolment_of(caller.user(), vault_.decrypt(caller.user().id, caller.challenge().pending_secret));
}

Status Accounts::may_prove(store::ReadTx& tx, const model::User& user, const model::Challenge& challenge,
                           const Proof& proof, Time now) const {
  if (challenge.next == model::Challenge::Next::verify) return second_factor_.may_try(tx, user, proof, now);
  if (proof.code) return second_factor_.may_try_new(tx, user, now);
  return invalid_value("#/recovery_code", "this challenge enrols an authenticator: send the code it shows");
}

Status Accounts::prove(store::WriteTx& tx, model::User& user, const model::Challenge& challenge, const Proof& proof,
                       Time now, model::SecondFactor& factor) const {
  const bool enrols = challenge.next == model::Challenge::Next::enrol;
  INTEGRITY_CHECK(may_prove(tx, user, challenge, proof, now));
  if (!tx.count_challenge_try(challenge.token_hash, challenge_attempts_max)) return challenge_expired();
  if (enrols) {
    factor = model::SecondFactor::otp;
    return second_factor_.prove_new(tx, user, challenge.pending_secret, *proof.code, now);
  }
  INTEGRITY_TRY(factor, second_factor_.prove(tx, user, proof, now));
  return {};
}

std::optional<std::vector<std::string>> Accounts::activate(store::WriteTx& tx, model::User& user,
                                                           const model::Challenge& challenge,
                                                           const std::vector<std::string>& codes, Time now,
                                                           model::Attribution::Proof proof) const {
  const bool first = user.state == model::UserState::pending;
  const bool replaces = user.has_factor();
  user.state = model::UserState::active;
  user.totp_secret = challenge.pending_secret;
  user.totp_confirmed_at = now;
  user.enrol_until.reset();
  user.pending_until.reset();
  user.pending_network.clear();
  const model::Attribution attribution{.actor = user.id, .proof = proof};
  tx.update_user(attribution, first ? "user.confirm" : "user.factor", user);
  tx.remove_challenges_of(user.id);
  tx.end_sessions_of(attribution, user.id);
  if (replaces) return {};  // the recovery codes stay as they are
  set_recovery_codes(tx, attribution, user, codes);
  return codes;
}

void Accounts::set_recovery_codes(store::WriteTx& tx, const model::Attribution& attribution, model::User& user,
                                  const std::vector<std::string>& codes) const {
  std::vector<model::Digest> hashes;
  for (const auto& code : codes) {
    hashes.push_back(recovery_code_hash(vault_.recovery_code_key(), user.id, *parse_recovery_code(code)));
  }
  tx.replace_recovery_codes(attribution, user, hashes);
}

store::WriteFunction<Verified> Accounts::verify(std::string_view challenge_token, std::optional<std::string> username,
                                                Proof proof) {
  const Time now = clock_.now();
  return [this, now, hash = token_hash(challenge_token), username = std::move(username), proof = std::move(proof),
          session_id = SessionId::make(now, random_),
          codes = make_recovery_codes(random_)](store::WriteTx& tx) -> Result<Verified> {
    model::User user;
    INTEGRITY_TRY(const auto challenge, live_challenge(tx, hash, username, now, user));
    const UserId id = user.id;
    auto verified = complete(tx, std::move(user), challenge, proof, codes, session_id, now);
    // For the log: operators want to know which account had a right password but a wrong code.
    if (!verified) verified.error().cause = "user " + id.hex();
    return verified;
  };
}

Result<Verified> Accounts::complete(store::WriteTx& tx, model::User of, const model::Challenge& challenge,
                                    const Proof& proof, const std::vector<std::string>& codes,
                                    const SessionId& session_id, Time now) const {
  Verified verified;
  model::User& user = verified.user = std::move(of);

  model::Session& session = verified.session;
  INTEGRITY_CHECK(prove(tx, user, challenge, proof, now, session.factor));
  if (!tx.spend_challenge(challenge.token_hash)) return challenge_expired();
  if (challenge.next == model::Challenge::Next::enrol) {
    verified.recovery_codes = activate(tx, user, challenge, codes, now, model::Attribution::Proof::otp);
  }
  session.id = session_id;
  session.user = user.id;
  session.created_at = session.proven_at = now;
  session.expires_at = std::chrono::floor<std::chrono::seconds>(now) + session_life;
  tx.start_session(attribution_of(user.id, session.factor), {.session = session});
  verified.recovery_codes_left = tx.recovery_codes_left(user.id);
  return verified;
}

store::WriteFunction<Done> Accounts::log_out(const SignedIn& caller) {
  return [caller](store::WriteTx& tx) -> Result<Done> {
    // If another logout was faster, the session has ended all the same.
    tx.end_session(caller.attribution(), caller.session().id);
    return Done{};
  };
}

void Accounts::sweep() {
  constexpr std::size_t kBatch = 500;
  for (bool more = true; more;) {
    const auto removed = store_.write([now = clock_.now()](store::WriteTx& tx) -> Result<std::size_t> {
      return tx.remove_expired_challenges(now, kBatch) + tx.remove_expired_sessions(now, kBatch) +
             tx.remove_expired_pending_users(now, kBatch);
    });
    if (!removed) log::event("sweep.failed", {{"cause", removed.error().cause}});
    more = removed.has_value() && *removed >= kBatch;
  }
  expect_stored_hashes();
}

}  // namespace integrity::auth
