// Checks the proof of a second factor inside a write: counts the attempt, checks it, and spends the code by one
// conditional write.
//
// Every endpoint that takes a code calls this, so all share one guess budget, and a new login does not refill it.
// Errors whose count must stay are passed through tx.commit_with().
#pragma once
#include <optional>
#include <string>

#include "auth/vault.hpp"
#include "store/tx.hpp"

namespace integrity::auth {

// Exactly one of the two, well formed: the schema has checked both.
struct Proof {
  std::optional<std::string> code = {};     // six ASCII digits
  std::optional<Bytes> recovery_code = {};  // its 120 bits
};

inline constexpr std::int64_t failures_before_wait = 10;
inline constexpr std::int64_t failures_before_disabled = 100;  // 3 steps × 100 / 10^6 = 3·10^-4 to guess
inline constexpr std::chrono::seconds code_wait_first{30};
inline constexpr std::chrono::hours code_wait_max{1};

// Whether codes are refused for a while, after wrong ones.
bool is_waiting(const model::FactorCounters& counters, Time now);

class SecondFactor {
 public:
  explicit SecondFactor(const Vault& vault) : vault_(vault) {}

  // Whether this may be tried now. Errors: too_many_attempts, factor_disabled. A recovery code may always be tried.
  Status may_try(store::ReadTx& tx, const model::User& user, const Proof& proof, Time now) const;
  Status may_try_code(store::ReadTx& tx, const model::User& user, Time now) const;
  // The same for a new authenticator, which replaces one that is disabled.
  Status may_try_new(store::ReadTx& tx, const model::User& user, Time now) const;

  // Proves the active factor of `user`. Errors, which are counted: invalid_code, code_already_used.
  Result<model::SecondFactor> prove(store::WriteTx& tx, model::User& user, const Proof& proof, Time now) const;

  // Proves a new authenticator by its first right code. The step is spent, and the counters start from zero.
  Status prove_new(store::WriteTx& tx, const model::User& user, ByteView encrypted_secret, const std::string& code,
                   Time now) const;

 private:
  Result<Secret> secret_of(const model::User& user) const;

  Error count_failure(store::WriteTx& tx, const model::User& user, model::FactorCounters counters, Time now,
                      Error refusal) const;

  const Vault& vault_;
};

}  // namespace integrity::auth
