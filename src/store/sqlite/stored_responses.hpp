// The stored responses. The table is the truth. An index by user and key is in memory and read at start: 110 bytes for
// a response, a fifth of its row. An index in the database would cost more than the change itself, because its keys
// are random: a group of 256 writes changes 256 of its pages. Only one writer has the file, so nobody else adds any.
//
// Used by the writer's thread only. What a job or a group did can be undone, as its rows are.
#pragma once
#include <cstring>
#include <map>
#include <unordered_map>
#include <vector>

#include "model/stored_response.hpp"
#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

class StoredResponses {
 public:
  explicit StoredResponses(Database& db);

  std::optional<model::StoredResponse> find(const UserId& user, const model::ResponseKey& key, Time now) const;
  std::optional<Time> full_until(const UserId& user, std::size_t stored_max, Time now) const;
  void keep(const UserId& user, const model::ResponseKey& key, const model::StoredResponse& response, Time now);
  std::size_t remove_expired(Time now, std::size_t limit);

  // `mark` says how much has happened since `settle`; `undo_to` goes back to there, after the rows were rolled back.
  std::size_t mark() const { return undo_.size(); }
  void undo_to(std::size_t mark) noexcept;
  void settle();  // what has happened can no longer be undone

 private:
  struct Entry {
    std::int64_t number;
    Time expires_at;
  };
  struct KeyHash {  // a key is a digest: eight of its bytes are a hash already
    std::size_t operator()(const model::ResponseKey& key) const {
      std::size_t value = 0;
      std::memcpy(&value, key.data(), sizeof value);
      return value;
    }
  };
  // Never more than `stored_max`, expired ones included: at that number, an expired one is removed for each new one. So
  // the responses of an account need not be counted.
  struct OfUser {
    std::unordered_map<model::ResponseKey, Entry, KeyHash> by_key;
    std::map<std::int64_t, const model::ResponseKey*> by_age;  // by number; the keys are those of `by_key`
  };
  // What was under a key before, as it was taken out: putting it back takes no memory.
  struct Undo {
    UserId user;
    model::ResponseKey key;
    decltype(OfUser::by_key)::node_type by_key = {};
    decltype(OfUser::by_age)::node_type by_age = {};
  };

  const Entry* entry(const UserId& user, const model::ResponseKey& key) const;
  void remove_oldest_if_expired(const UserId& user, Time now);
  void shorten_lives(Time now);
  void change(const UserId& user, const model::ResponseKey& key, std::optional<Entry> to);
  void add(const UserId& user, const model::ResponseKey& key, const Entry& entry);

  Database& db_;
  std::unordered_map<UserId, OfUser, IdHash> users_;  // those without responses stay until the next `settle`
  std::vector<Undo> undo_;
  std::int64_t last_number_ = 0;  // never given twice while this object lives, even if it is undone
};

}  // namespace integrity::store::sqlite
