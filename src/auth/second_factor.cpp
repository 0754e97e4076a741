#include "auth/second_factor.hpp"

#include <algorithm>

#include "auth/recovery_code.hpp"
#include "auth/totp.hpp"
#include "base/log.hpp"
#include "model/lifetime.hpp"

namespace integrity::auth {
namespace {

// Whether a code was accepted for a later step than any that can be right now. Codes up to that step stay spent
// (RFC 6238 §5.2).
bool spent_ahead(std::int64_t last_step, Time now) {
  return last_step > totp_step(now + model::clock_error_max) + 1;
}

Error code_already_used(std::int64_t last_step, Time now) {
  const Time next = Time(std::chrono::seconds((last_step + 1) * totp_period_s));
  const auto wait = round_up(next - now);
  if (spent_ahead(last_step, now)) {
    return {.code = Code::code_already_used,
            .detail =
                "the clock of this server was ahead when it last took a code of this account: use a recovery code, "
                "and enrol anew with POST /me/totp, or ask the operator for a reset",
            .retry_after = wait,
            .cause = "clock.ahead"};
  }
  return {.code = Code::code_already_used,
          .detail = "this code was used already; wait " + std::to_string(wait.count()) + " s for the next one",
          .retry_after = wait};
}

Error invalid_code(const TotpMatch& match, Time now) {
  if (match.kind != TotpMatch::Kind::past) {
    return {Code::invalid_code, "the code is not right; use the one that the authenticator shows now"};
  }
  // Only for past steps: an attacker who learns that a future code will be right could wait for it.
  const auto behind = std::chrono::seconds((totp_step(now) - match.step) * totp_period_s);
  const auto minutes = std::max<std::int64_t>(std::chrono::round<std::chrono::minutes>(behind).count(), 1);
  return {Code::invalid_code, "your phone is about " + std::to_string(minutes) +
                                  (minutes == 1 ? " minute" : " minutes") +
                                  " behind; set its clock to automatic and use the next code"};
}

Millis wait_after(std::int64_t failures) {
  const auto doublings = std::clamp<std::int64_t>(failures - failures_before_wait, 0, 10);
  return std::min<Millis>(code_wait_max, code_wait_first * (1LL << doublings));
}

}  // namespace

bool is_waiting(const model::FactorCounters& counters, Time now) {
  return counters.locked_until && !model::is_over(*counters.locked_until, wait_after(counters.failures), now);
}

Status SecondFactor::may_try(store::ReadTx& tx, const model::User& user, const Proof& proof, Time now) const {
  return proof.code ? may_try_code(tx, user, now) : Status{};
}

Status SecondFactor::may_try_code(store::ReadTx& tx, const model::User& user, Time now) const {
  if (tx.factor_counters(user.id).failures_unredeemed >= failures_before_disabled) {
    return Error{Code::factor_disabled,
                 "too many wrong codes: log in with a recovery code and enrol anew with POST /me/totp, or ask the "
                 "operator for a reset"};
  }
  return may_try_new(tx, user, now);
}

Status SecondFactor::may_try_new(store::ReadTx& tx, const model::User& user, Time now) const {
  const auto counters = tx.factor_counters(user.id);
  if (!is_waiting(counters, now)) return {};
  return too_many_attempts(std::min<Millis>(*counters.locked_until - now, wait_after(counters.failures)),
                           "too many wrong codes; wait before the next one, or use a recovery code");
}

Error SecondFactor::count_failure(store::WriteTx& tx, const model::User& user, model::FactorCounters counters, Time now,
                                  Error refusal) const {
  ++counters.failures;
  ++counters.failures_unredeemed;
  if (counters.failures >= failures_before_wait) counters.locked_until = now + wait_after(counters.failures);
  tx.set_factor_counters(user.id, counters);
  if (user.has_factor() && counters.failures_unredeemed == failures_before_disabled) {
    model::User after = user;
    tx.update_user({}, "user.factor_disabled", after);
  }
  return tx.commit_with(std::move(refusal));
}

Result<model::SecondFactor> SecondFactor::prove(store::WriteTx& tx, model::User& user, const Proof& proof,
                                                Time now) const {
  auto counters = tx.factor_counters(user.id);
  if (proof.recovery_code) {
    const model::Attribution attribution{.actor = user.id, .proof = model::Attribution::Proof::password};
    const auto hash = recovery_code_hash(vault_.recovery_code_key(), user.id, *proof.recovery_code);
    if (!tx.spend_recovery_code(attribution, user, hash)) {
      return tx.commit_with({Code::invalid_code, "the recovery code is not right or was used already"});
    }
    counters.failures = 0;
    counters.locked_until.reset();
    tx.set_factor_counters(user.id, counters);
    return model::SecondFactor::recovery;
  }

  INTEGRITY_TRY(const Secret secret, secret_of(user));
  const TotpMatch match = match_totp(secret.reveal(), *proof.code, now);
  const bool current = match.kind == TotpMatch::Kind::current;
  if (current && tx.spend_totp_step(user.id, match.step)) {
    tx.set_factor_counters(user.id, {.last_step = match.step});
    return model::SecondFactor::otp;
  }
  const bool spent = match.kind != TotpMatch::Kind::none && (current || match.step == counters.last_step);
  return count_failure(tx, user, counters, now,
                       spent ? code_already_used(counters.last_step, now) : invalid_code(match, now));
}

// factor_disabled where the stored secret is damaged, or was encrypted with a secrets.key that is lost: no code can be
// right.
Result<Secret> SecondFactor::secret_of(const model::User& user) const {
  try {
    return vault_.decrypt(user.id, user.totp_secret);
  } catch (const std::runtime_error& error) {
    log::event("factor.unreadable", {{"user", user.id.hex()}, {"cause", error.what()}});
    return Error{Code::factor_disabled,
                 "the authenticator of this account cannot be read any more; ask the operator to reset it"};
  }
}

Status SecondFactor::prove_new(store::WriteTx& tx, const model::User& user, ByteView encrypted_secret,
                               const std::string& code, Time now) const {
  const Secret secret = vault_.decrypt(user.id, encrypted_secret);
  const TotpMatch match = match_totp(secret.reveal(), code, now);
  if (match.kind != TotpMatch::Kind::current) {
    return count_failure(tx, user, tx.factor_counters(user.id), now, invalid_code(match, now));
  }
  tx.remove_factor_counters(user.id);
  tx.spend_totp_step(user.id, match.step);
  return {};
}

}  // namespace integrity::auth
