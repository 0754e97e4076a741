#include "auth/own_account.hpp"

#include <utility>

#include "auth/enrolment.hpp"
#include "auth/recovery_code.hpp"
#include "base/log.hpp"

namespace integrity::auth {
namespace {

Error wrong_current_password() {
  return invalid_value("#/current_password", "is not the password of this account");
}

Result<model::User> account_of(store::ReadTx& tx, const SignedIn& caller) {
  auto user = tx.user(caller.user());
  if (!user) return invalid_token();
  return std::move(*user);
}

// The same, unless another password was set since `seen`.
Result<model::User> unchanged(store::ReadTx& tx, const SignedIn& caller, const model::User& seen) {
  INTEGRITY_TRY(auto user, account_of(tx, caller));
  if (user.password_version != seen.password_version) return wrong_current_password();
  return user;
}

}  // namespace

Status OwnAccount::may_change_password(const SignedIn& caller, const Client& from) {
  const auto tx = context_.store.read();
  const auto user = tx->user(caller.user());
  if (!user) return invalid_token();
  INTEGRITY_CHECK(context_.may_guess_password(user->username, from));
  return context_.second_factor.may_try_code(*tx, *user, context_.clock.now());
}

Status OwnAccount::change_password(const SignedIn& caller, const NewPassword& change, const Client& from,
                                   store::Origin origin) {
  origin.session = caller.session().id;
  const auto user = context_.store.read()->user(caller.user());
  if (!user) return invalid_token();
  INTEGRITY_CHECK(context_.acceptable(change.next, user->username, "#/new_password"));
  INTEGRITY_CHECK(may_change_password(caller, from));  // again, now that it is this request's turn
  const bool right = context_.hasher.verify(change.current, user->password_hash);
  INTEGRITY_CHECK(context_.guessed_password(user->username, from, right));
  if (!right) {
    log::event("password.refused", {{"user", user->id.hex()}, {"address", from.address}});
    return wrong_current_password();  // the code was not checked: it is still good
  }

  // A write of its own, so that the new password is hashed only after a right code.
  const Time now = context_.clock.now();
  const auto proved = context_.store.write(origin, [&](store::WriteTx& tx) -> Result<model::Attribution> {
    INTEGRITY_TRY(auto current, unchanged(tx, caller, *user));
    return prove_again(context_, tx, current, {.code = change.code}, now);
  });
  if (!proved) return proved.error();
  const std::string hash = context_.hasher.hash(change.next);
  const auto done = context_.store.write(origin, [&](store::WriteTx& tx) -> Result<Done> {
    INTEGRITY_TRY(auto current, unchanged(tx, caller, *user));
    current.password_hash = hash;
    ++current.password_version;
    tx.update_user(*proved, "user.password", current);
    tx.remove_challenges_of(current.id);
    tx.end_sessions_of(*proved, current.id, caller.session().id);
    return Done{};
  });
  if (!done) return done.error();
  return {};
}

store::WriteFunction<std::vector<std::string>> OwnAccount::renew_recovery_codes(const SignedIn& caller,
                                                                                std::string code) const {
  return [this, caller, now = context_.clock.now(), proof = Proof{.code = std::move(code)},
          codes = make_recovery_codes(context_.random)](store::WriteTx& tx) -> Result<std::vector<std::string>> {
    INTEGRITY_TRY(auto user, account_of(tx, caller));
    INTEGRITY_TRY(const auto attribution, prove_again(context_, tx, user, proof, now));
    set_recovery_codes(context_, tx, attribution, user, codes);
    return codes;
  };
}

store::WriteFunction<FirstStep> OwnAccount::replace_factor(const SignedIn& caller, Proof proof) const {
  const Time now = context_.clock.now();
  return [this, caller, now, proof = std::move(proof),
          fresh = make_challenge(context_, caller.user(), model::Challenge::Next::enrol, now, enrol_challenge_life)](
             store::WriteTx& tx) -> Result<FirstStep> {
    INTEGRITY_TRY(auto user, account_of(tx, caller));
    INTEGRITY_CHECK(prove_again(context_, tx, user, proof, now));
    add_challenge(context_, tx, user, fresh.challenge);
    return FirstStep{fresh.token, fresh.challenge.next, enrol_challenge_life, std::move(user)};
  };
}

}  // namespace integrity::auth
