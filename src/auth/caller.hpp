// The caller as a type: a handler declares with its parameter who may call it. Only SignIn and Authenticator make these.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "model/api_key.hpp"
#include "model/change.hpp"
#include "model/lifetime.hpp"
#include "model/user.hpp"

namespace integrity::auth {

// How long a proof of the second factor is fresh.
inline constexpr std::chrono::minutes proof_life{5};

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
  model::Role role() const { return session_.role; }
  model::Scopes scopes() const { return model::scopes_of(session_.role); }
  model::Attribution attribution() const { return attribution_of(session_.user, session_.factor); }
  Time proven_until() const { return session_.proven_at + proof_life; }
  bool freshly_proven(Time now) const { return !model::is_over(proven_until(), proof_life, now); }

 private:
  friend class Principal;
  explicit SignedIn(const model::Session& session) : session_(session) {}
  model::Session session_;
};

// Who may do what a scope allows: holds a token of a live session, or a key for programs.
class Principal {
 public:
  const UserId& user() const { return key() != nullptr ? key()->user : session()->user; }
  model::Role role() const { return key() != nullptr ? key()->role.value_or(model::Role::viewer) : session()->role; }
  // A key has those of its own that its owner's role has, too.
  model::Scopes scopes() const {
    const auto of_role = model::scopes_of(role());
    return key() != nullptr ? key()->scopes & of_role : of_role;
  }
  model::Attribution attribution() const {
    if (session() != nullptr) return attribution_of(session()->user, session()->factor);
    return {.actor = key()->user, .key = key()->id, .proof = model::Attribution::Proof::key};
  }

  // One of the two is null.
  const model::Session* session() const { return std::get_if<model::Session>(&holds_); }
  const model::ApiKey* key() const {
    const auto* key = std::get_if<Key>(&holds_);
    return key != nullptr ? key->get() : nullptr;
  }
  std::optional<SignedIn> signed_in() const {
    if (session() == nullptr) return {};
    return SignedIn(*session());
  }

 private:
  friend class Authenticator;
  using Key = std::shared_ptr<const model::ApiKey>;
  explicit Principal(const model::Session& session) : holds_(session) {}
  explicit Principal(Key key) : holds_(std::move(key)) {}

  std::variant<model::Session, Key> holds_;
};

}  // namespace integrity::auth
