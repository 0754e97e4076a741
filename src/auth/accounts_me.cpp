// What people change about their own account: with a session, and a fresh proof on top of it.
#include <utility>

#include "auth/accounts.hpp"
#include "auth/recovery_code.hpp"
#include "base/log.hpp"

namespace integrity::auth {
namespace {

Error wrong_current_password() {
  return invalid_value("#/current_password", "is not the password of this account");
}

}  // namespace

Result<model::User> Accounts::account_of(store::ReadTx& tx, const SignedIn& caller) {
  auto user = tx.user(caller.user());
  if (!user) return invalid_token();
  return std::move(*user);
}

Result<model::Attribution> Accounts::prove_again(store::WriteTx& tx, model::User& user, const Proof& proof,
                                                 Time now) const {
  INTEGRITY_CHECK(second_factor_.may_try(tx, user, proof, now));
  INTEGRITY_TRY(const auto factor, second_factor_.prove(tx, user, proof, now));
  return attribution_of(user.id, factor);
}

Result<model::User> Accounts::unchanged(store::ReadTx& tx, const SignedIn& caller, const model::User& seen) {
  INTEGRITY_TRY(auto user, account_of(tx, caller));
  if (user.password_version != seen.password_version) return wrong_current_password();
  return user;
}

Status Accounts::may_change_password(const SignedIn& caller, const Client& from) {
  const auto tx = store_.read();
  const auto user = tx->user(caller.user());
  if (!user) return invalid_token();
  INTEGRITY_CHECK(may_guess_password(user->username, from));
  return second_factor_.may_try_code(*tx, *user, clock_.now());
}

Status Accounts::change_password(const SignedIn& caller, const NewPassword& change, const Client& from,
                                 store::Origin origin) {
  origin.session = caller.session().id;
  const auto user = store_.read()->user(caller.user());
  if (!user) return invalid_token();
  INTEGRITY_CHECK(acceptable(change.next, user->username, "#/new_password"));
  INTEGRITY_CHECK(may_change_password(caller, from));  // again, now that it is this request's turn
  const bool right = hasher_.verify(change.current, user->password_hash);
  INTEGRITY_CHECK(guessed_password(user->username, from, right));
  if (!right) {
    log::event("password.refused", {{"user", user->id.hex()}, {"address", from.address}});
    return wrong_current_password();  // the code was not checked: it is still good
  }

  // A write of its own, so that the new password is hashed only after a right code.
  const Time now = clock_.now();
  const auto proved = store_.write(origin, [&](store::WriteTx& tx) -> Result<model::Attribution> {
    INTEGRITY_TRY(auto current, unchanged(tx, caller, *user));
    return prove_again(tx, current, {.code = change.code}, now);
  });
  if (!proved) return proved.error();
  const std::string hash = hasher_.hash(change.next);
  const auto done = store_.write(origin, [&](store::WriteTx& tx) -> Result<Done> {
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

store::WriteFunction<std::vector<std::string>> Accounts::renew_recovery_codes(const SignedIn& caller,
                                                                              std::string code) {
  return [this, caller, now = clock_.now(), proof = Proof{.code = std::move(code)},
          codes = make_recovery_codes(random_)](store::WriteTx& tx) -> Result<std::vector<std::string>> {
    INTEGRITY_TRY(auto user, account_of(tx, caller));
    INTEGRITY_TRY(const auto attribution, prove_again(tx, user, proof, now));
    set_recovery_codes(tx, attribution, user, codes);
    return codes;
  };
}

store::WriteFunction<FirstStep> Accounts::replace_factor(const SignedIn& caller, Proof proof) {
  const Time now = clock_.now();
  return [this, caller, now, proof = std::move(proof),
          fresh = make_challenge(caller.user(), model::Challenge::Next::enrol, now, enrol_challenge_life)](
             store::WriteTx& tx) -> Result<FirstStep> {
    INTEGRITY_TRY(auto user, account_of(tx, caller));
    INTEGRITY_CHECK(prove_again(tx, user, proof, now));
    add_challenge(tx, user, fresh.challenge);
    return FirstStep{fresh.token, fresh.challenge.next, enrol_challenge_life, std::move(user)};
  };
}

}  // namespace integrity::auth
