// Keys for programs: made by their owners, or on the host.
#pragma once
#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/caller.hpp"
#include "auth/context.hpp"

namespace integrity::auth {

inline constexpr std::chrono::hours api_key_life{90 * 24};  // where nothing else is said
inline constexpr std::chrono::hours api_key_life_max{366 * 24};
inline constexpr std::size_t api_keys_max = 50;  // of an account that have neither expired nor been revoked
inline constexpr std::size_t api_key_addresses_max = 20;
inline constexpr std::chrono::minutes api_key_flush_every{5};

struct NewKey {
  std::string name;
  model::Scopes scopes;
  // Nothing: the usual life. An inner nullopt: it never expires.
  std::optional<std::optional<std::chrono::seconds>> expires_in = {};
  std::vector<std::string> addresses = {};  // networks, as Network accepts them; empty: everywhere
};

Error keys_are_off();  // forbidden, with the option that switches them on
// Whether it can still be used, as far as the key itself says.
bool is_over(const model::ApiKey& key, Time now);

class ApiKeys {
 public:
  explicit ApiKeys(AuthContext& context) : context_(context), flushed_at_(context.clock.now()) {}

  bool on() const { return context_.rules.api_keys; }
  Status expect_on() const;

  struct Made {
    model::ApiKey key;
    std::string text;  // shown once
  };
  // Errors: invalid_value (scopes, expires_in, addresses), limit_reached, invalid_token.
  store::WriteFunction<Made> create(const SignedIn& by, NewKey key) const;
  store::WriteFunction<Made> create(const model::Attribution& attribution, const UserId& owner, NewKey key) const;
  // Those that can still be used, newest first, with the time of their last use.
  std::vector<model::ApiKey> list(store::ReadTx& tx, const UserId& user) const;
  store::WriteFunction<Done> revoke(const model::Attribution& attribution, const UserId& user,
                                    const ApiKeyId& id) const;  // not_found

  // On every request with a key: remembered, and written by `flush`.
  void used(const ApiKeyId& id, Time at);
  // Blocking; for the jobs thread. Writes nothing where the last time was less than five minutes ago, unless `now`.
  void flush(bool now = false);
  std::optional<Time> last_used(const model::ApiKey& key) const;

 private:
  static constexpr std::size_t kShards = 16;
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<ApiKeyId, Time, IdHash> used;
  };
  Shard& shard_of(const ApiKeyId& id) { return shards_[id.bytes.back() % kShards]; }
  const Shard& shard_of(const ApiKeyId& id) const { return shards_[id.bytes.back() % kShards]; }

  AuthContext& context_;
  std::array<Shard, kShards> shards_;
  Time flushed_at_;  // of the jobs thread
};

}  // namespace integrity::auth
