#include "auth/challenge.hpp"

#include <utility>

#include "auth/caller.hpp"
#include "auth/totp.hpp"
#include "base/ascii.hpp"
#include "crypto/digest.hpp"

namespace integrity::auth {
namespace {

constexpr std::size_t kChallengeBytes = 32;

std::chrono::seconds life_of(const model::Challenge& challenge) {
  return challenge.next == model::Challenge::Next::enrol ? enrol_challenge_life : verify_challenge_life;
}

}  // namespace

FreshChallenge make_challenge(const AuthContext& context, const UserId& user, model::Challenge::Next next, Time now,
                              std::chrono::seconds life) {
  FreshChallenge fresh;
  fresh.token = to_base64url(context.random.bytes(kChallengeBytes));
  fresh.challenge = {.next = next, .token_hash = token_hash(fresh.token), .user = user, .expires_at = now + life};
  if (next == model::Challenge::Next::enrol) {
    fresh.challenge.pending_secret = context.vault.encrypt(user, context.random.secret(totp_secret_bytes));
  }
  return fresh;
}

void add_challenge(const AuthContext& context, store::WriteTx& tx, const model::User& user,
                   model::Challenge challenge) {
  challenge.password_version = user.password_version;
  tx.add_challenge(challenge);
  tx.remove_challenges_but_newest(user.id, challenge.next, context.rules.challenges_per_account_max);
}

model::Digest token_hash(std::string_view token) {
  return crypto::sha256(as_bytes(token));
}

Error challenge_expired() {
  return {Code::challenge_expired, "the challenge does not exist or has expired; begin again with POST /login"};
}

Result<LiveChallenge> live_challenge(store::ReadTx& tx, const model::Digest& hash,
                                     const std::optional<std::string>& username, Time now) {
  auto challenge = tx.challenge(hash);
  if (!challenge || model::is_over(challenge->expires_at, life_of(*challenge), now) ||
      challenge->attempts >= challenge_attempts_max) {
    return challenge_expired();
  }
  auto owner = tx.user(challenge->user);
  if (!owner || owner->state == model::UserState::disabled || owner->password_version != challenge->password_version) {
    return challenge_expired();
  }
  if (username && !equal_ignoring_case(*username, owner->username)) return challenge_expired();
  return LiveChallenge{std::move(*challenge), std::move(*owner)};
}

Status may_prove(const AuthContext& context, store::ReadTx& tx, const LiveChallenge& live, const Proof& proof,
                 Time now) {
  const SecondFactor& factor = context.second_factor;
  if (live.challenge.next == model::Challenge::Next::verify) return factor.may_try(tx, live.user, proof, now);
  if (proof.code) return factor.may_try_new(tx, live.user, now);
  return invalid_value("#/recovery_code", "this challenge enrols an authenticator: send the code it shows");
}

Result<model::SecondFactor> prove(const AuthContext& context, store::WriteTx& tx, LiveChallenge& live,
                                  const Proof& proof, Time now) {
  const model::Challenge& challenge = live.challenge;
  INTEGRITY_CHECK(may_prove(context, tx, live, proof, now));
  if (!tx.count_challenge_try(challenge.token_hash, challenge_attempts_max)) return challenge_expired();
  if (challenge.next == model::Challenge::Next::verify) {
    return context.second_factor.prove(tx, live.user, proof, now);
  }
  INTEGRITY_CHECK(context.second_factor.prove_new(tx, live.user, challenge.pending_secret, *proof.code, now));
  return model::SecondFactor::otp;
}

Result<model::Attribution> prove_again(const AuthContext& context, store::WriteTx& tx, model::User& user,
                                       const Proof& proof, Time now) {
  INTEGRITY_CHECK(context.second_factor.may_try(tx, user, proof, now));
  INTEGRITY_TRY(const auto factor, context.second_factor.prove(tx, user, proof, now));
  return attribution_of(user.id, factor);
}

}  // namespace integrity::auth
