// What the services about accounts share: the store, the keys, the rules and the rate limits. Made once by Accounts.
#pragma once
#include <atomic>
#include <string>
#include <string_view>

#include "auth/password.hpp"
#include "auth/second_factor.hpp"
#include "auth/throttle.hpp"
#include "auth/token.hpp"
#include "auth/vault.hpp"
#include "model/lifetime.hpp"
#include "store/store.hpp"

namespace integrity::auth {

struct AccountRules {
  bool signup_open = true;
  std::string issuer = "Data Integrity API";
  int bcrypt_cost = 12;
  // A session ends this long after its last refresh, and this long after it began.
  Millis session_idle = std::chrono::minutes(30), session_max = std::chrono::hours(12);
  model::Role signup_role = model::Role::editor;
  // The first account that is confirmed becomes admin: the server listens on loopback only and trusts no proxy.
  bool first_admin_on_loopback = false;
  bool api_keys = false;
  std::size_t pending_max = 100'000;
  std::size_t pending_per_network_max = 1000;
  // Live challenges of one account and kind; the newest stay. Each costs a password hash, so nobody who knows the
  // password can make this many, and push out the owner's challenge, while the owner types a code.
  std::size_t challenges_per_account_max = 1000;
  RateLimit login_rate_limit{30, 1};
  RateLimit signup_rate_limit{10, 0.1};
  // Rate limit of requests without a live challenge. Generous, because a read refuses them: 200 guesses that are sent
  // in parallel with one challenge all get the response that they would get one by one.
  RateLimit no_challenge_rate_limit{300, 10};
  PasswordHasher::Compare compare = crypto::bcrypt_verify;  // replaced by tests that count its work

  // A session is as long as its only access token, and is not refreshed.
  bool classic_sessions() const { return session_max <= token_life; }
};

// Of what proves by itself that somebody was asked to come: reset tokens and invitations.
inline constexpr std::size_t one_time_token_bytes = 20;

struct Done {};

// Safe from any thread.
struct AuthContext {
  // `password_key` and `secrets_key` are 32 bytes each, from the keys folder.
  AuthContext(store::Store& used_store, const Clock& host_clock, Random& source, Secret password_key,
              const Secret& secrets_key, AccountRules given);
  AuthContext(const AuthContext&) = delete;
  AuthContext& operator=(const AuthContext&) = delete;

  // Whether the password is hard enough to guess; takes up to a millisecond. Error: weak_password.
  Status acceptable(const Secret& password, const std::string& username, std::string_view pointer) const;

  // Whether this client may guess a password of this account. Error: too_many_attempts.
  Status may_guess_password(const std::string& username, const Client& from);
  // Counts a guess that was checked; too_many_attempts where the client may not learn whether it was right.
  Status guessed_password(const std::string& username, const Client& from, bool right);

  store::Store& store;
  const Clock& clock;
  Random& random;
  const AccountRules rules;
  const PasswordHasher hasher;
  const Vault vault;
  const SecondFactor second_factor;
  AddressRateLimit login_rate_limit, signup_rate_limit, no_challenge_rate_limit;
  PasswordFailures password_failures;
  // A request came through a proxy: loopback does not mean this machine any more. Set by the API.
  std::atomic<bool> proxy_seen = false;
};

}  // namespace integrity::auth
