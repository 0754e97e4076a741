// The caller as a type: a handler declares with its parameter who may call it. Only SignIn and Authenticator make the
// two below.
#pragma once
#include <cstdint>

#include "model/change.hpp"
#include "model/user.hpp"

namespace integrity::auth {

// Of a user who proved this second factor.
inline model::Attribution attribution_of(const UserId& user, model::SecondFactor factor) {
  const bool otp = factor == model::SecondFactor::otp;
  return {.actor = user, .proof = otp ? model::Attribution::Proof::otp : model::Attribution::Proof::recovery};
}

struct Anyone {};

// Holds a live challenge: proved the password but not the second factor. May only finish the login.
class FirstStepDone {
 public:
  const model::User& user() const { return user_; }
  const model::Challenge& challenge() const { return challenge_; }

 private:
  friend class SignIn;
  FirstStepDone(model::User user, model::Challenge challenge)
      : user_(std::move(user)), challenge_(std::move(challenge)) {}
  model::User user_;
  model::Challenge challenge_;
};

// Holds a token of a live session, which exists only after a completed second factor.
class SignedIn {
 public:
  const model::Session& session() const { return session_; }
  const UserId& user() const { return session_.user; }
  model::Attribution attribution() const { return attribution_of(session_.user, session_.factor); }

 private:
  friend class Authenticator;
  explicit SignedIn(const model::Session& session) : session_(session) {}
  model::Session session_;
};

}  // namespace integrity::auth
