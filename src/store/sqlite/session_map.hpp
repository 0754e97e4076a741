// The live sessions in memory, for the check of every request. They are loaded from the database at start, and the
// writer changes them after each commit. Safe from any thread.
#pragma once
#include <array>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "model/user.hpp"

namespace integrity::store::sqlite {

class SessionMap {
 public:
  std::optional<model::Session> find(const SessionId& id) const {
    const Shard& shard = shard_of(id);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.sessions.find(id);
    if (found == shard.sessions.end()) return {};
    return found->second;
  }
  void put(const model::Session& session) {
    Shard& shard = shard_of(session.id);
    const std::lock_guard lock(shard.mutex);
    shard.sessions.insert_or_assign(session.id, session);
  }
  void remove(const SessionId& id) {
    Shard& shard = shard_of(id);
    const std::lock_guard lock(shard.mutex);
    shard.sessions.erase(id);
  }

 private:
  // Plain mutexes: they are held for about 20 ns, and a shared lock costs as much.
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<SessionId, model::Session, IdHash> sessions;
  };
  const Shard& shard_of(const SessionId& id) const { return shards_[id.bytes.back() % 16]; }
  Shard& shard_of(const SessionId& id) { return shards_[id.bytes.back() % 16]; }

  std::array<Shard, 16> shards_;
};

}  // namespace integrity::store::sqlite
