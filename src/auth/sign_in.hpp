// Signing up and signing in.
//
//   POST /signup → sign_up → enrol challenge ┐
//   POST /login  → log_in  → challenge ──────┴→ POST /verify-2fa → verify → Verified → access and refresh token
//
// Only `verify` starts a session. Functions that hash a password block for as long as bcrypt takes, so the hashing pool
// runs them. The others return a write for the caller to submit.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/caller.hpp"
#include "auth/enrolment.hpp"

namespace integrity::auth {

struct Verified {
  model::User user;
  model::Session session;
  std::int64_t recovery_codes_left = 0;
  std::optional<std::vector<std::string>> recovery_codes = {};  // only when they are new
  std::string refresh_token = {};                               // empty where sessions are as long as an access token
  bool first_admin = false;                                     // for the log: see log_first_admin
};

class SignIn {
 public:
  explicit SignIn(AuthContext& context) : context_(context) {}

  // Blocking; its write has this `origin`. Errors: signup_closed, weak_password, username_taken, overloaded,
  // unavailable.
  Result<FirstStep> sign_up(const std::string& username, const std::optional<std::string>& name, const Secret& password,
                            const std::optional<std::string>& invitation, const Client& from,
                            const store::Origin& origin = {});
  // Blocking. Errors: too_many_attempts, invalid_credentials, enrolment_required, unavailable.
  Result<FirstStep> log_in(const std::string& username, const Secret& password, const Client& from,
                           const store::Origin& origin = {});
  // Whether a login or sign-up from this client may begin. Cheap: called before the password is queued for hashing.
  Status signup_open() const;  // signup_closed
  // A read. Decided again by `sign_up`, and by `verify` when it confirms the account. Error: signup_closed.
  Status may_use_invitation(std::string_view token) const;
  Status may_sign_up(const Client& from);
  Status may_log_in(const std::string& username, const Client& from);

  // From now on every login takes as long as one with the highest bcrypt cost in the store. Before the first request;
  // `Accounts::sweep` does it again, since other nodes and commands store hashes too.
  void expect_stored_hashes();

  // Whether `verify` can succeed. A read, so that strangers cannot queue writes; the write decides again.
  // Errors: challenge_expired, too_many_attempts, factor_disabled, invalid_value.
  Status may_verify(store::ReadTx& tx, std::string_view challenge, const std::optional<std::string>& username,
                    const Proof& proof, const Client& from);
  // The error of a request without a live challenge: `refusal`, or too_many_attempts when the rate limit is used up.
  Error refuse_without_challenge(const Client& from, Error refusal);
  // Errors: challenge_expired, invalid_code, code_already_used, too_many_attempts, factor_disabled, invalid_value,
  // signup_closed (its invitation is gone).
  store::WriteFunction<Verified> verify(std::string_view challenge, std::optional<std::string> username, Proof proof,
                                        model::Device device);

  // Sets a new password with the token that an admin's reset gave. Blocking; its write has this `origin`. Sessions and
  // challenges end. Errors: weak_password, and invalid_token, always the same.
  Status may_reset_password(const Client& from);  // cheap: called before the password is queued for hashing
  Status reset_password(const std::string& username, std::string_view token, const Secret& new_password,
                        const Client& from, const store::Origin& origin = {});

  // The holder of a live challenge of that user; otherwise challenge_expired, always with the same text.
  Result<FirstStepDone> first_step_done(store::ReadTx& tx, std::string_view challenge, std::string_view username) const;
  // The secret that the challenge would activate. Error: already_enrolled.
  Result<Enrolment> enrolment(const FirstStepDone& caller) const;

 private:
  Result<Verified> complete(store::WriteTx& tx, LiveChallenge live, const Proof& proof,
                            const std::vector<std::string>& codes, const SessionId& session_id,
                            const model::Device& device, Time now) const;
  Status may_log_in_from(const Client& from);

  AuthContext& context_;
};

}  // namespace integrity::auth
