// Challenges: what proves the first step of a login or an enrolment, and what a second factor is proved with.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "auth/context.hpp"

namespace integrity::auth {

using model::enrol_challenge_life;
using model::verify_challenge_life;
inline constexpr int challenge_attempts_max = 5;

struct FirstStep {
  std::string challenge;  // 256 bits, base64url; shown once
  model::Challenge::Next next;
  std::chrono::seconds expires_in;
  model::User user;
};

// Random values are drawn before a write begins, because the write may run twice.
struct FreshChallenge {
  std::string token;
  model::Challenge challenge;
};
FreshChallenge make_challenge(const AuthContext& context, const UserId& user, model::Challenge::Next next, Time now,
                              std::chrono::seconds life);
// Binds it to the user's password, and ends the oldest where there are too many.
void add_challenge(const AuthContext& context, store::WriteTx& tx, const model::User& user, model::Challenge challenge);

// How a token that is stored hashed is found.
model::Digest token_hash(std::string_view token);

struct LiveChallenge {
  model::Challenge challenge;
  model::User user;
};
// Error, always the same: challenge_expired. So it is where `username` is given and is not the user's.
Result<LiveChallenge> live_challenge(store::ReadTx& tx, const model::Digest& hash,
                                     const std::optional<std::string>& username, Time now);
Error challenge_expired();

// Whether `prove` can succeed. Errors: too_many_attempts, factor_disabled, invalid_value.
Status may_prove(const AuthContext& context, store::ReadTx& tx, const LiveChallenge& live, const Proof& proof,
                 Time now);
// Counts the attempt and proves the factor, or the new one that the challenge enrols. Errors: those above,
// challenge_expired, invalid_code, code_already_used.
Result<model::SecondFactor> prove(const AuthContext& context, store::WriteTx& tx, LiveChallenge& live,
                                  const Proof& proof, Time now);

// The same without a challenge, for somebody who is signed in.
Result<model::Attribution> prove_again(const AuthContext& context, store::WriteTx& tx, model::User& user,
                                       const Proof& proof, Time now);

}  // namespace integrity::auth
