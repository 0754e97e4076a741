// Checks the proof of a second factor inside a write: counts first, looks then, spends by one conditional write.
//
// Every endpoint that takes a code calls this, so there is one guess budget for all of them, and a new login does
// not refill it. Refusals that must leave their count behind are passed through tx.commit_with().
#pragma once
#include <optional>
#include <string>

#include "auth/vault.hpp"
#include "store/tx.hpp"

namespace integrity::auth {

// Exactly one of the two; well formed (the schema has seen to both).
struct Proof {
  std::optional<std::string> code = {};     // six ASCII digits
  std::optional<Bytes> recovery_code = {};  // its 120 bits
};

inline constexpr std::int64_t failures_before_wait = 10;
inline constexpr std::int64_t failures_before_disabled = 100;  // 3 steps × 100 / 10^6 = 3·10^-4 to guess
inline constexpr std::chrono::seconds code_wait_first{30};
inline constexpr std::chrono::hours code_wait_max{1};

class SecondFactor {
 public:
  explicit SecondFactor(const Vault& vault) : vault_(vault) {}

  // Refuses what may not even be tried now: too_many_attempts, factor_disabled. A recovery code may always.
  Status may_try(store::ReadTx& tx, const model::User& user, const Proof& proof, Time now) const;
  Status may_try_code(store::ReadTx& tx, const model::User& user, Time now) const;
  // The same for a new authenticator, which is the way out for one that is disabled.
  Status may_try_new(store::ReadTx& tx, const model::User& user, Time now) const;

  // The active factor of `user`. Errors, counted: invalid_code, code_already_used.
  Result<model::SecondFactor> prove(store::WriteTx& tx, model::User& user, const Proof& proof, Time now) const;

  // A new authenticator: its first right code. The step is spent, and the counters begin anew.
  Status prove_new(store::WriteTx& tx, const model::User& user, ByteView sealed_secret, const std::string& code,
                   Time now) const;

 private:
  Result<Secret> secret_of(const model::User& user) const;

  Error count_failure(store::WriteTx& tx, const model::User& user, model::FactorCounters counters, Time now,
                      Error refusal) const;

  const Vault& vault_;
};

}  // namespace integrity::auth
