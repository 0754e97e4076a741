// What every request asks for, in memory: the sessions that have not ended, by id, and the keys for programs that were
// not revoked, by the hash of the key. Loaded from the database at start; the writer changes it after each commit. Safe
// from any thread.
#pragma once
#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "model/api_key.hpp"

namespace integrity::store::sqlite {

template <class Key, class Value, class Hash>
class ShardedMap {
 public:
  std::optional<Value> find(const Key& key) const {
    const Shard& shard = shards_[shard_of(key)];
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.values.find(key);
    if (found == shard.values.end()) return {};
    return found->second;
  }
  void put(const Key& key, const Value& value) {
    Shard& shard = shards_[shard_of(key)];
    const std::lock_guard lock(shard.mutex);
    shard.values.insert_or_assign(key, value);
  }
  void remove(const Key& key) {
    Shard& shard = shards_[shard_of(key)];
    const std::lock_guard lock(shard.mutex);
    shard.values.erase(key);
  }
  std::size_t size() const {
    std::size_t all = 0;
    for (const Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      all += shard.values.size();
    }
    return all;
  }

 private:
  // Plain mutexes: they are held for about 20 ns, and a shared lock costs as much.
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, Value, Hash> values;
  };
  // By other bits than those that `values` takes first.
  static std::size_t shard_of(const Key& key) { return Hash()(key) >> 60; }

  std::array<Shard, 16> shards_;
};

struct DigestHash {
  std::size_t operator()(const model::Digest& digest) const {
    std::size_t value = 0;
    std::memcpy(&value, digest.data(), sizeof value);
    return value;
  }
};

// A session takes about 150 bytes here.
using SessionMap = ShardedMap<SessionId, model::Session, IdHash>;
// Keys of accounts that are not active have no role. Their `last_used_at` is that of the last change or start.
using KeyMap = ShardedMap<model::Digest, std::shared_ptr<const model::ApiKey>, DigestHash>;

}  // namespace integrity::store::sqlite
