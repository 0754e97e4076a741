// What people change about their own account. Each call needs a fresh proof, which counts against the guess budget of
// the account; there is no challenge. The caller MUST submit the write functions with an origin that names the session:
// the store refuses them once it has ended. Errors of all: invalid_token, and those of the proof.
#pragma once
#include <string>
#include <vector>

#include "auth/caller.hpp"
#include "auth/challenge.hpp"

namespace integrity::auth {

class OwnAccount {
 public:
  explicit OwnAccount(AuthContext& context) : context_(context) {}

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
  store::WriteFunction<std::vector<std::string>> renew_recovery_codes(const SignedIn& caller, std::string code) const;
  // The challenge enrols a new authenticator. The old one works until `SignIn::verify` confirms the new one.
  store::WriteFunction<FirstStep> replace_factor(const SignedIn& caller, Proof proof) const;

 private:
  AuthContext& context_;
};

}  // namespace integrity::auth
