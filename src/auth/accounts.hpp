// Accounts: sign-up, the two steps of a login, sessions, and what the operator may do to an account.
//
//   POST /signup → sign_up → enrol challenge ┐
//   POST /login  → log_in  → challenge ──────┴→ POST /verify-2fa → verify → Verified → access token
//
// Only `verify` starts a session. Functions that hash a password block for as long as bcrypt takes, so the hashing pool
// runs them. The others return a write for the caller to submit.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/caller.hpp"
#include "auth/password.hpp"
#include "auth/recovery_code.hpp"
#include "auth/second_factor.hpp"
#include "auth/throttle.hpp"
#include "auth/token.hpp"
#include "auth/vault.hpp"
#include "model/lifetime.hpp"
#include "store/store.hpp"

namespace integrity::auth {

struct AccountRules {
  bool signup_open = true;
  std::string issuer = "Data Integrity API";
  int bcrypt_cost = 12;
  std::size_t pending_max = 100'000;
  std::size_t pending_per_network_max = 1000;
  // Live challenges of one account and kind; the newest stay. Each costs a password hash, so nobody who knows the
  // password can make this many, and push out the owner's challenge, while the owner types a code.
  std::size_t challenges_per_account_max = 1000;
  RateLimit login_rate_limit{30, 1};
  RateLimit signup_rate_limit{10, 0.1};
  // Rate limit of requests without a live challenge. Generous, because a read refuses them: 200 guesses that are sent
  // in parallel with one challenge all get the response that they would get one by one.
  RateLimit no_challenge_rate_limit{300, 10};
  PasswordHasher::Compare compare = crypto::bcrypt_verify;  // replaced by tests that count its work
};

using model::enrol_challenge_life;
using model::import_enrolment_life;
using model::pending_life;
using model::reset_enrolment_life;
using model::session_life;
using model::verify_challenge_life;
static_assert(session_life.count() == token_life_s);
inline constexpr int challenge_attempts_max = 5;

struct FirstStep {
  std::string challenge;  // 256 bits, base64url; shown once
  model::Challenge::Next next;
  std::chrono::seconds expires_in;
  model::User user;
};

struct Enrolment {
  std::string otpauth_uri, secret_base32, issuer, account;
};

struct Verified {
  model::User user;
  model::Session session;
  std::int64_t recovery_codes_left = 0;
  std::optional<std::vector<std::string>> recovery_codes;  // only when they are new
};

struct Done {};

class Accounts {
 public:
  // `password_key` and `secrets_key` are 32 bytes each, from the keys folder.
  Accounts(store::Store& store, const Clock& clock, Random& random, Secret password_key, const Secret& secrets_key,
           AccountRules rules);

  // Blocking; its write has this `origin`. Errors: weak_password, username_taken, overloaded, unavailable.
  Result<FirstStep> sign_up(const std::string& username, const std::optional<std::string>& name, const Secret& password,
                            const Client& from, const store::Origin& origin = {});
  // Blocking. Errors: too_many_attempts, invalid_credentials, enrolment_required, unavailable.
  Result<FirstStep> log_in(const std::string& username, const Secret& password, const Client& from,
                           const store::Origin& origin = {});
  // Whether a login or sign-up from this client may begin. Cheap: called before the password is queued for hashing.
  Status signup_open() const;  // signup_closed
  Status may_sign_up(const Client& from);
  Status may_log_in(const std::string& username, const Client& from);

  // From now on every login takes as long as one with the highest bcrypt cost in the store. Before the first request;
  // `sweep` does it again, since other nodes and commands store hashes too.
  void expect_stored_hashes();

  // Whether the password is hard enough to guess; takes up to a millisecond. Error: weak_password.
  Status acceptable(const Secret& password, const std::string& username, std::string_view pointer) const;

  // Whether `verify` can succeed. A read, so that strangers cannot queue writes; the write decides again.
  // Errors: challenge_expired, too_many_attempts, factor_disabled, invalid_value.
  Status may_verify(store::ReadTx& tx, std::string_view challenge, const std::optional<std::string>& username,
                    const Proof& proof, const Client& from);
  // The error of a request without a live challenge: `refusal`, or too_many_attempts when the rate limit is used up.
  Error refuse_without_challenge(const Client& from, Error refusal);
  // Errors: challenge_expired, invalid_code, code_already_used, too_many_attempts, factor_disabled, invalid_value.
  store::WriteFunction<Verified> verify(std::string_view challenge, std::optional<std::string> username, Proof proof);
  store::WriteFunction<Done> log_out(const SignedIn& caller);

  // One's own account (accounts_me.cpp). Each call needs a fresh proof, which counts against the guess budget of the
  // account; there is no challenge. The caller MUST submit the write functions with an origin that names the session:
  // the store refuses them once it has ended. Errors of all three: invalid_token, and those of the proof.
  struct NewPassword {
    Secret current, next;
    std::string code;
  };
  // Whether this client may try the current password, and a code of the account. Cheap: called before the password is
  // queued for hashing.
  Status may_change_password(const SignedIn& caller, const Client& from);
  // Blocking. Other sessions and all challenges end. A weak new password is refused first; the code is checked only
  // after a right password, and the new password hashed only after a right code. Errors: weak_password, invalid_value,
  // too_many_attempts.
  Status change_password(const SignedIn& caller, const NewPassword& change, const Client& from,
                         store::Origin origin = {});
  store::WriteFunction<std::vector<std::string>> renew_recovery_codes(const SignedIn& caller, std::string code);
  // The challenge enrols a new authenticator. The old one works until `verify` confirms the new one.
  store::WriteFunction<FirstStep> replace_factor(const SignedIn& caller, Proof proof);

  // The holder of a live challenge of that user; otherwise challenge_expired, always with the same text.
  Result<FirstStepDone> first_step_done(store::ReadTx& tx, std::string_view challenge, std::string_view username) const;
  // The secret that the challenge would activate. Error: already_enrolled.
  Result<Enrolment> enrolment(const FirstStepDone& caller) const;

  // The operator, on the host. Blocking. Errors: weak_password, username_taken, invalid_value, not_found.
  // A new account, pending; its first login keeps the secret shown here. `challenge` is for `confirm`.
  struct Added {
    std::string challenge;
    Enrolment enrolment;
  };
  Result<Added> add_user(const std::string& username, const Secret& password);
  // The first code of an account that `add_user` made; it is active afterwards. Returns its recovery codes.
  Result<std::vector<std::string>> confirm(const std::string& challenge, const std::string& code);
  Status set_password(const std::string& username, const Secret& password);
  Status reset_factor(const std::string& username);
  // A pending account too: its challenge and secret are useless until `enable`.
  Status disable(const std::string& username);
  Status enable(const std::string& username);
  // Removes a pending account, so that its name is free at once. A confirmed one is never removed, because the history
  // names it; nor is a disabled one. Errors: not_found, already_enrolled.
  Status remove_pending(const std::string& username);

  // Removes what has expired, in batches small enough not to delay other writes. Blocking; for the jobs thread.
  void sweep();

 private:
  // Random values are drawn before a write begins, because the write may run twice.
  struct FreshChallenge {
    std::string token;
    model::Challenge challenge;
  };

  Status free_name(store::WriteTx& tx, const std::string& username, Time now) const;
  FreshChallenge make_challenge(const UserId& user, model::Challenge::Next next, Time now, std::chrono::seconds life);
  void add_challenge(store::WriteTx& tx, const model::User& user, model::Challenge challenge) const;
  model::User make_pending(const std::string& username, const std::optional<std::string>& name, const Secret& password,
                           Time now) const;
  Enrolment enrolment_of(const model::User& user, const Secret& secret) const;
  Status may_guess_password(const std::string& username, const Client& from);
  // Counts a guess that was checked; too_many_attempts when the client may not learn whether it was right.
  Status guessed_password(const std::string& username, const Client& from, bool right);
  static Result<model::User> account_of(store::ReadTx& tx, const SignedIn& caller);
  // The same, unless another password was set since `seen`.
  static Result<model::User> unchanged(store::ReadTx& tx, const SignedIn& caller, const model::User& seen);
  Result<model::Attribution> prove_again(store::WriteTx& tx, model::User& user, const Proof& proof, Time now) const;
  Result<model::Challenge> live_challenge(store::ReadTx& tx, const model::Digest& hash, Time now,
                                          model::User& user) const;
  Result<model::Challenge> live_challenge(store::ReadTx& tx, const model::Digest& hash,
                                          const std::optional<std::string>& username, Time now,
                                          model::User& user) const;
  Status may_prove(store::ReadTx& tx, const model::User& user, const model::Challenge& challenge, const Proof& proof,
                   Time now) const;
  Result<Verified> complete(store::WriteTx& tx, model::User of, const model::Challenge& challenge, const Proof& proof,
                            const std::vector<std::string>& codes, const SessionId& session_id, Time now) const;
  Status prove(store::WriteTx& tx, model::User& user, const model::Challenge& challenge, const Proof& proof, Time now,
               model::SecondFactor& factor) const;
  std::optional<std::vector<std::string>> activate(store::WriteTx& tx, model::User& user,
                                                   const model::Challenge& challenge,
                                                   const std::vector<std::string>& codes, Time now,
                                                   model::Attribution::Proof proof) const;
  void set_recovery_codes(store::WriteTx& tx, const model::Attribution& attribution, model::User& user,
                          const std::vector<std::string>& codes) const;
  template <class F>
  Status change_user(const std::string& username, std::string_view op, F change);

  store::Store& store_;
  const Clock& clock_;
  Random& random_;
  PasswordHasher hasher_;
  Vault vault_;
  SecondFactor second_factor_;
  AccountRules rules_;
  AddressRateLimit login_rate_limit_, signup_rate_limit_, no_challenge_rate_limit_;
  PasswordFailures password_failures_;
};

}  // namespace integrity::auth
