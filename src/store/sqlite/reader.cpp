#include "store/sqlite/reader.hpp"

#include <limits>

#include "store/sqlite/rows.hpp"
#include "store/sqlite/search.hpp"

namespace integrity::store::sqlite {
namespace {

template <class T>
std::optional<T> first(Run row, T (*take)(Run&)) {
  if (!row.next()) return {};
  return take(row);
}

template <class T>
std::vector<T> all(Run row, T (*take)(Run&)) {
  std::vector<T> out;
  while (row.next()) out.push_back(take(row));
  return out;
}

// SQLite takes limits as signed integers.
std::int64_t limit_of(std::size_t limit) {
  constexpr auto max = std::numeric_limits<std::int64_t>::max();
  return limit > static_cast<std::size_t>(max) ? max : static_cast<std::int64_t>(limit);
}

}  // namespace

std::optional<model::Product> Reader::product(const ProductId& id) {
  return sqlite::product(db(), id);
}

model::ProductPage Reader::products(const model::ProductQuery& query) {
  return search(db(), text_, query);
}

std::optional<model::User> Reader::user(const UserId& id) {
  return first(db().query("SELECT " USER_COLUMNS " FROM users WHERE id = ?", id), take_user);
}

std::optional<model::User> Reader::user_by_name(std::string_view username) {
  return first(db().query("SELECT " USER_COLUMNS " FROM users WHERE username_key = lower(?)", username), take_user);
}

std::vector<model::User> Reader::users() {
  return all(db().query("SELECT " USER_COLUMNS " FROM users ORDER BY username_key"), take_user);
}

std::vector<std::string> Reader::password_hash_kinds() {
  std::vector<std::string> kinds;
  for (auto row = db().query("SELECT DISTINCT substr(password_hash, 1, length(password_hash) - 53) FROM users");
       row.next();) {
    kinds.push_back(row.take<std::string>());
  }
  return kinds;
}

std::optional<model::Challenge> Reader::challenge(const model::Digest& token_hash) {
  return first(db().query("SELECT " CHALLENGE_COLUMNS " FROM challenges WHERE token_hash = ?", ByteView(token_hash)),
               take_challenge);
}

std::optional<model::Session> Reader::session(const SessionId& id) {
  return first(db().query("SELECT " SESSION_COLUMNS " FROM sessions WHERE id = ?", id), take_session);
}

model::FactorCounters Reader::factor_counters(const UserId& user) {
  return first(db().query("SELECT " COUNTER_COLUMNS " FROM factor_counters WHERE user = ?", user), take_factor_counters)
      .value_or(model::FactorCounters{});
}

std::int64_t Reader::recovery_codes_left(const UserId& user) {
  auto row = db().query("SELECT count(*) FROM recovery_codes WHERE user = ?", user);
  row.next();
  return row.take<std::int64_t>();
}

std::vector<model::Change> Reader::changes(model::RecordKind kind, const RecordId& record,
                                           std::optional<std::int64_t> before, std::size_t limit) {
  const OneState state(db());
  const auto revisions_end = before.value_or(std::numeric_limits<std::int64_t>::max());
  std::vector<model::Change> out;
  const auto add = [&](Run row) {
    while (row.next()) out.push_back(take_change(db(), row));
  };
  if (kind != model::RecordKind::product) {
    add(db().query("SELECT " CHANGE_COLUMNS " FROM changes c WHERE c.product IS NULL AND c.record = ? AND c.kind = ?"
                   " AND c.revision < ? ORDER BY c.revision DESC LIMIT ?",
                   record, name_of(kind), revisions_end, limit_of(limit)));
  } else if (const auto sequence = sequence_of(db(), ProductId{record.bytes})) {
    add(db().query("SELECT " CHANGE_COLUMNS " FROM changes c WHERE c.product = ? AND c.revision < ?"
                   " ORDER BY c.revision DESC LIMIT ?",
                   *sequence, revisions_end, limit_of(limit)));
  }
  return out;
}

std::int64_t Reader::last_change_number() {
  auto row = db().query("SELECT coalesce(max(number), 0) FROM changes");
  row.next();
  return row.take<std::int64_t>();
}

// Not there yet.
namespace {
[[noreturn]] void not_yet() {
  throw std::logic_error("not there yet");
}
}  // namespace
std::vector<model::User> Reader::users_after(std::string_view, std::size_t) {
  not_yet();
}
bool Reader::any_account_confirmed() {
  not_yet();
}
std::size_t Reader::active_admins() {
  not_yet();
}
std::optional<model::ApiKey> Reader::api_key(const ApiKeyId&) {
  not_yet();
}
std::vector<model::ApiKey> Reader::api_keys_of(const UserId&) {
  not_yet();
}
std::vector<model::ApiKey> Reader::api_keys() {
  not_yet();
}
std::optional<model::Invitation> Reader::invitation(const InvitationId&) {
  not_yet();
}
std::optional<model::Invitation> Reader::invitation(const model::Digest&) {
  not_yet();
}
std::vector<model::Invitation> Reader::invitations(std::optional<InvitationId>, std::size_t) {
  not_yet();
}
std::size_t Reader::invitations_open(Time) {
  not_yet();
}
model::ChangePage Reader::find_changes(const model::ChangeQuery&) {
  not_yet();
}
std::vector<model::SessionRecord> Reader::sessions_of(const UserId& user) {
  std::vector<model::SessionRecord> out;
  for (auto row = db().query("SELECT " SESSION_COLUMNS " FROM sessions WHERE user = ?", user); row.next();) {
    out.push_back({.session = take_session(row)});
  }
  return out;
}

}  // namespace integrity::store::sqlite
