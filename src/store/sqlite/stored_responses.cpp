#include "store/sqlite/stored_responses.hpp"

#include "model/lifetime.hpp"

namespace integrity::store::sqlite {

StoredResponses::StoredResponses(Database& db) : db_(db) {
  for (auto row = db.query("SELECT number, user, key, expires_at FROM kept_answers ORDER BY number"); row.next();) {
    last_number_ = row.take<std::int64_t>();
    const auto user = row.take<UserId>();
    const auto key = row.take<model::ResponseKey>();
    add(user, key, Entry{last_number_, row.take<Time>()});
  }
}

std::optional<model::StoredResponse> StoredResponses::find(const UserId& user, const model::ResponseKey& key,
                                                           Time now) const {
  const Entry* const found = entry(user, key);
  if (found == nullptr || found->expires_at <= now) return {};
  auto row = db_.query("SELECT request, status, headers, body FROM kept_answers WHERE number = ?", found->number);
  if (!row.next()) throw Failure(SQLITE_CORRUPT, "a stored response is missing from its table");
  // In braces, so that the columns are taken in the order written.
  return model::StoredResponse{.request = row.take<model::Digest>(),
                               .status = row.take<int>(),
                               .headers = row.take<std::string>(),
                               .body = row.take<std::string>(),
                               .expires_at = found->expires_at};
}

std::optional<Time> StoredResponses::full_until(const UserId& user, std::size_t stored_max, Time now) const {
  const auto of_user = users_.find(user);
  if (of_user == users_.end() || of_user->second.by_key.size() < stored_max) return {};
  const Time oldest = of_user->second.by_key.at(*of_user->second.by_age.begin()->second).expires_at;
  return oldest > now ? std::optional(oldest) : std::nullopt;
}

void StoredResponses::keep(const UserId& user, const model::ResponseKey& key, const model::StoredResponse& response,
                           Time now) {
  if (const Entry* const old = entry(user, key)) {
    if (old->expires_at > now) throw std::logic_error("a response is already stored under this key");
    db_.run("DELETE FROM kept_answers WHERE number = ?", old->number);
  } else {
    remove_oldest_if_expired(user, now);
  }
  const Entry made{++last_number_, response.expires_at};
  db_.run(
      "INSERT INTO kept_answers (number, user, key, expires_at, request, status, headers, body)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      made.number, user, ByteView(key), made.expires_at, ByteView(response.request), response.status, response.headers,
      response.body);
  change(user, key, made);
}

void StoredResponses::remove_oldest_if_expired(const UserId& user, Time now) {
  const auto of_user = users_.find(user);
  if (of_user == users_.end() || of_user->second.by_age.empty()) return;
  const auto [number, key] = *of_user->second.by_age.begin();
  if (of_user->second.by_key.at(*key).expires_at > now) return;
  db_.run("DELETE FROM kept_answers WHERE number = ?", number);
  change(user, model::ResponseKey(*key), {});
}

// Responses expire in the order in which they were stored, unless the clock goes back. Ends at the first that has not.
std::size_t StoredResponses::remove_expired(Time now, std::size_t limit) {
  shorten_lives(now);
  std::size_t removed = 0;
  std::int64_t last = 0;
  for (auto row = db_.query("SELECT number, user, key, expires_at FROM kept_answers ORDER BY number LIMIT ?", limit);
       row.next(); ++removed) {
    const auto number = row.take<std::int64_t>();
    const auto user = row.take<UserId>();
    const auto key = row.take<model::ResponseKey>();
    if (row.take<Time>() > now) break;
    last = number;
    change(user, key, {});
  }
  if (removed > 0) db_.run("DELETE FROM kept_answers WHERE number <= ?", last);
  return removed;
}

// If the oldest has more life left than a response can have, a clock was ahead when it was stored. It and those stored
// after it get a whole life from now: none is removed early, because then a change could happen twice.
void StoredResponses::shorten_lives(Time now) {
  const Time end = now + model::stored_response_life, last_end = model::last_end(model::stored_response_life, now);
  auto oldest = db_.query("SELECT expires_at FROM kept_answers ORDER BY number LIMIT 1");
  if (!oldest.next() || oldest.take<Time>() <= last_end) return;
  for (auto row = db_.query("UPDATE kept_answers SET expires_at = ? WHERE expires_at > ? RETURNING number, user, key",
                            end, last_end);
       row.next();) {
    const auto number = row.take<std::int64_t>();
    const auto user = row.take<UserId>();
    change(user, row.take<model::ResponseKey>(), Entry{number, end});
  }
}

void StoredResponses::undo_to(std::size_t mark) noexcept {
  for (; undo_.size() > mark; undo_.pop_back()) {
    Undo& last = undo_.back();
    const auto of_user = users_.find(last.user);
    if (of_user == users_.end()) continue;
    auto& [by_key, by_age] = of_user->second;
    if (const auto now = by_key.find(last.key); now != by_key.end()) {
      by_age.erase(now->second.number);
      by_key.erase(now);
    }
    if (last.by_key) by_key.insert(std::move(last.by_key));
    if (last.by_age) by_age.insert(std::move(last.by_age));
  }
}

void StoredResponses::settle() {
  for (const Undo& each : undo_) {
    const auto of_user = users_.find(each.user);
    if (of_user != users_.end() && of_user->second.by_key.empty()) users_.erase(of_user);
  }
  undo_.clear();
}

const StoredResponses::Entry* StoredResponses::entry(const UserId& user, const model::ResponseKey& key) const {
  const auto of_user = users_.find(user);
  if (of_user == users_.end()) return nullptr;
  const auto found = of_user->second.by_key.find(key);
  return found == of_user->second.by_key.end() ? nullptr : &found->second;
}

void StoredResponses::change(const UserId& user, const model::ResponseKey& key, std::optional<Entry> to) {
  undo_.push_back({.user = user, .key = key});
  if (const Entry* const before = entry(user, key)) {
    auto& [by_key, by_age] = users_.at(user);
    undo_.back().by_age = by_age.extract(before->number);
    undo_.back().by_key = by_key.extract(key);
  }
  if (to) add(user, key, *to);
}

void StoredResponses::add(const UserId& user, const model::ResponseKey& key, const Entry& entry) {
  auto& [by_key, by_age] = users_[user];
  const auto made = by_key.emplace(key, entry).first;
  by_age.emplace_hint(by_age.end(), entry.number, &made->first);
}

}  // namespace integrity::store::sqlite
