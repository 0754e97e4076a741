#include "store/sqlite/reader.hpp"

#include <limits>

#include "store/history.hpp"
#include "store/sqlite/history.hpp"
#include "store/sqlite/rows.hpp"
#include "store/sqlite/search.hpp"

namespace integrity::store::sqlite {
namespace {

template <class T>
std::optional<T> first(Run row) {
  if (!row.next()) return {};
  return take<T>(row);
}

template <class T>
std::vector<T> all(Run row) {
  std::vector<T> out;
  while (row.next()) out.push_back(take<T>(row));
  return out;
}

std::size_t count(Run row) {
  row.next();
  return static_cast<std::size_t>(row.take<std::int64_t>());
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
  return first<model::User>(db().query(select_from<model::User, "WHERE id = ?">, id));
}

std::optional<model::User> Reader::user_by_name(std::string_view username) {
  return first<model::User>(db().query(select_from<model::User, "WHERE username_key = lower(?)">, username));
}

std::vector<model::User> Reader::users() {
  return all<model::User>(db().query(select_from<model::User, "ORDER BY username_key">));
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
  return first<model::Challenge>(db().query(select_from<model::Challenge, "WHERE token_hash = ?">, token_hash));
}

std::optional<model::Session> Reader::session(const SessionId& id) {
  return first<model::Session>(db().query(select_from<model::Session, "WHERE id = ?">, id));
}

model::FactorCounters Reader::factor_counters(const UserId& user) {
  const auto found = first<FactorCountersOf>(db().query(select_from<FactorCountersOf, "WHERE user = ?">, user));
  return found ? found->counters : model::FactorCounters();
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
    add(db().query(
        select_changes<"WHERE product IS NULL AND record = ? AND kind = ? AND revision < ? ORDER BY revision DESC"
                       " LIMIT ?">,
        record, name_of(kind), revisions_end, limit_of(limit)));
  } else if (const auto sequence = sequence_of(db(), ProductId{record.bytes})) {
    add(db().query(select_changes<"WHERE product = ? AND revision < ? ORDER BY revision DESC LIMIT ?">, *sequence,
                   revisions_end, limit_of(limit)));
  }
  return out;
}

std::int64_t Reader::last_change_number() {
  auto row = db().query("SELECT coalesce(max(number), 0) FROM changes");
  row.next();
  return row.take<std::int64_t>();
}

std::vector<model::User> Reader::users_after(std::string_view username_key, std::size_t limit) {
  return all<model::User>(db().query(select_from<model::User, "WHERE username_key > ? ORDER BY username_key LIMIT ?">,
                                     username_key, limit_of(limit)));
}

bool Reader::any_account_confirmed() {
  return db().query("SELECT 1 FROM users WHERE confirmed_at IS NOT NULL LIMIT 1").next();
}

std::size_t Reader::active_admins() {
  return count(
      db().query("SELECT count(*) FROM users WHERE role = 'admin' AND state = 'active' AND confirmed_at IS NOT NULL"));
}

std::vector<model::SessionRecord> Reader::sessions_of(const UserId& user) {
  return all<model::SessionRecord>(db().query(select_from<model::SessionRecord, "WHERE user = ?">, user));
}

std::optional<model::ApiKey> Reader::api_key(const ApiKeyId& id) {
  return first<model::ApiKey>(db().query(select_from<model::ApiKey, "WHERE id = ?">, id));
}

// By the index api_keys_usable.
std::vector<model::ApiKey> Reader::usable_api_keys(const UserId& user, Time now) {
  return all<model::ApiKey>(
      db().query(select_from<model::ApiKey,
                             "WHERE user = ? AND revoked_at IS NULL AND ifnull(expires_at, 9223372036854775807) > ?">,
                 user, now));
}

std::size_t Reader::count_usable_api_keys(const UserId& user, Time now) {
  return count(
      db().query("SELECT count(*) FROM api_keys"
                 " WHERE user = ? AND revoked_at IS NULL AND ifnull(expires_at, 9223372036854775807) > ?",
                 user, now));
}

std::vector<model::ApiKey> Reader::api_keys() {
  return all<model::ApiKey>(db().query(select_from<model::ApiKey>));
}

std::optional<model::Invitation> Reader::invitation(const InvitationId& id) {
  return first<model::Invitation>(db().query(select_from<model::Invitation, "WHERE id = ?">, id));
}

std::optional<model::Invitation> Reader::invitation(const model::Digest& token_hash) {
  return first<model::Invitation>(db().query(select_from<model::Invitation, "WHERE token_hash = ?">, token_hash));
}

std::vector<model::Invitation> Reader::invitations(std::optional<InvitationId> below, std::size_t limit) {
  if (!below) {
    return all<model::Invitation>(
        db().query(select_from<model::Invitation, "ORDER BY created_at DESC, id DESC LIMIT ?">, limit_of(limit)));
  }
  const OneState state(db());
  const auto last = invitation(*below);
  return all<model::Invitation>(db().query(
      select_from<model::Invitation, "WHERE (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?">,
      last ? last->created_at : latest_creation(*below), *below, limit_of(limit)));
}

std::size_t Reader::invitations_open(Time now) {
  return count(db().query("SELECT count(*) FROM invitations WHERE expires_at > ?", now));
}

model::ChangePage Reader::find_changes(const model::ChangeQuery& query) {
  return sqlite::find_changes(db(), query);
}

}  // namespace integrity::store::sqlite
