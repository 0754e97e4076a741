#include "store/sqlite/kept_answers.hpp"

#include <algorithm>

namespace integrity::store::sqlite {

KeptAnswers::KeptAnswers(Database& db) : db_(db) {
  for (auto row = db.query("SELECT number, user, key, expires_at FROM kept_answers ORDER BY number"); row.next();) {
    last_number_ = row.take<std::int64_t>();
    const auto user = row.take<UserId>();
    const auto key = row.take<model::AnswerKey>();
    put(user, key, Place{last_number_, row.take<Time>()});
  }
}

std::optional<model::KeptAnswer> KeptAnswers::find(const UserId& user, const model::AnswerKey& key, Time now) const {
  const Place* const found = place(user, key);
  if (found == nullptr || found->expires_at <= now) return {};
  auto row = db_.query("SELECT request, status, headers, body FROM kept_answers WHERE number = ?", found->number);
  if (!row.next()) throw Failure(SQLITE_CORRUPT, "a kept answer has gone from its table");
  // In braces, so that the columns are taken in the order written.
  return model::KeptAnswer{.request = row.take<model::Digest>(),
                           .status = row.take<int>(),
                           .headers = row.take<std::string>(),
                           .body = row.take<std::string>(),
                           .expires_at = found->expires_at};
}

std::optional<Time> KeptAnswers::full_until(const UserId& user, std::size_t kept_max, Time now) const {
  const auto of_user = users_.find(user);
  if (of_user == users_.end() || of_user->second.size() < kept_max) return {};
  // Rare: whoever gets here has kept all that may be kept, or the clean-up is about to come.
  std::size_t alive = 0;
  std::optional<Time> oldest;
  for (const auto& [key, place] : of_user->second) {
    if (place.expires_at <= now) continue;
    ++alive;
    oldest = oldest ? std::min(*oldest, place.expires_at) : place.expires_at;
  }
  return alive < kept_max ? std::nullopt : oldest;
}

void KeptAnswers::keep(const UserId& user, const model::AnswerKey& key, const model::KeptAnswer& answer, Time now) {
  if (const Place* const old = place(user, key)) {
    if (old->expires_at > now) throw std::logic_error("an answer is kept under this key already");
    db_.run("DELETE FROM kept_answers WHERE number = ?", old->number);
  }
  const Place made{++last_number_, answer.expires_at};
  db_.run(
      "INSERT INTO kept_answers (number, user, key, expires_at, request, status, headers, body)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      made.number, user, ByteView(key), made.expires_at, ByteView(answer.request), answer.status, answer.headers,
      answer.body);
  change(user, key, made);
}

// Answers expire in the order in which they were kept, for now() never goes back: up to the first that lives.
std::size_t KeptAnswers::remove_expired(Time now, std::size_t limit) {
  std::size_t removed = 0;
  std::int64_t last = 0;
  for (auto row = db_.query("SELECT number, user, key, expires_at FROM kept_answers ORDER BY number LIMIT ?", limit);
       row.next(); ++removed) {
    const auto number = row.take<std::int64_t>();
    const auto user = row.take<UserId>();
    const auto key = row.take<model::AnswerKey>();
    if (row.take<Time>() > now) break;
    last = number;
    change(user, key, {});
  }
  if (removed > 0) db_.run("DELETE FROM kept_answers WHERE number <= ?", last);
  return removed;
}

void KeptAnswers::undo_to(std::size_t mark) {
  while (undo_.size() > mark) {
    const Undo& last = undo_.back();
    put(last.user, last.key, last.before);
    undo_.pop_back();
  }
}

const KeptAnswers::Place* KeptAnswers::place(const UserId& user, const model::AnswerKey& key) const {
  const auto of_user = users_.find(user);
  if (of_user == users_.end()) return nullptr;
  const auto found = of_user->second.find(key);
  return found == of_user->second.end() ? nullptr : &found->second;
}

void KeptAnswers::change(const UserId& user, const model::AnswerKey& key, std::optional<Place> to) {
  const Place* const before = place(user, key);
  undo_.push_back({user, key, before == nullptr ? std::nullopt : std::optional(*before)});
  put(user, key, to);
}

void KeptAnswers::put(const UserId& user, const model::AnswerKey& key, std::optional<Place> to) {
  if (to) {
    users_[user].insert_or_assign(key, *to);
    return;
  }
  const auto of_user = users_.find(user);
  if (of_user == users_.end()) return;
  of_user->second.erase(key);
  if (of_user->second.empty()) users_.erase(of_user);
}

}  // namespace integrity::store::sqlite
