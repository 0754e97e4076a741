// The kept answers: the rows are the truth, and what finds them by user and key is in memory, read at start (some 110
// bytes for each, a fifth of its row). An index in the database was measured to cost more than the change itself:
// its keys are random, so a group of 256 writes dirties 256 of its pages. One writer has the file, so nobody else adds.
//
// Of the writer's thread. What a job or a group did can be taken back, as the rows are.
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
  std::optional<Time> full_until(const UserId& user, std::size_t kept_max, Time now) const;
  void keep(const UserId& user, const model::ResponseKey& key, const model::StoredResponse& answer, Time now);
  std::size_t remove_expired(Time now, std::size_t limit);

  // How much has happened since `settle`, and back to there, after the rows were rolled back.
  std::size_t mark() const { return undo_.size(); }
  void undo_to(std::size_t mark);
  void settle() { undo_.clear(); }  // what has happened stays

 private:
  struct Place {
    std::int64_t number;
    Time expires_at;
  };
  struct KeyHash {  // of a digest: eight of its bytes are a hash already
    std::size_t operator()(const model::ResponseKey& key) const {
      std::size_t value = 0;
      std::memcpy(&value, key.data(), sizeof value);
      return value;
    }
  };
  // Never more than `kept_max`, expired ones included: where there are as many, one that has expired goes for one that
  // comes. So no account's answers have to be counted.
  struct OfUser {
    std::unordered_map<model::ResponseKey, Place, KeyHash> by_key;
    std::map<std::int64_t, const model::ResponseKey*> by_age;  // by number; the keys are those of `by_key`
  };
  struct Undo {
    UserId user;
    model::ResponseKey key;
    std::optional<Place> before;
  };

  const Place* place(const UserId& user, const model::ResponseKey& key) const;
  void remove_oldest_if_expired(const UserId& user, Time now);
  void shorten_lives(Time now);
  void change(const UserId& user, const model::ResponseKey& key, std::optional<Place> to);
  void put(const UserId& user, const model::ResponseKey& key, std::optional<Place> to);

  Database& db_;
  std::unordered_map<UserId, OfUser, IdHash> users_;
  std::vector<Undo> undo_;
  std::int64_t last_number_ = 0;  // never given twice while this lives, whatever is undone
};

}  // namespace integrity::store::sqlite
