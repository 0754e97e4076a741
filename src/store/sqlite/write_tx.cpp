#include "store/sqlite/write_tx.hpp"

#include <algorithm>

#include "model/lifetime.hpp"
#include "store/refusals.hpp"
#include "store/sqlite/rows.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/watermark.hpp"
#include "store/sqlite/word_index.hpp"

namespace integrity::store::sqlite {
namespace {

constexpr std::chrono::seconds kProofLife{1};
constexpr std::size_t kRoomBytes = 1024 * 1024;  // more than one request writes

// For writes whose row the caller has just read in the same transaction.
void expect_one(std::size_t changed, const char* what) {
  if (changed != 1) throw std::logic_error(what);
}

// What this group did last about a session or key; null: nothing.
template <class Key, class Value>
const Value* last_effect(const std::vector<std::pair<Key, Value>>& effects, const Key& key) {
  const auto last = std::find_if(effects.rbegin(), effects.rend(), [&](const auto& each) { return each.first == key; });
  return last == effects.rend() ? nullptr : &last->second;
}

}  // namespace

SqliteWriteTx::SqliteWriteTx(Database& database, const Clock& clock, const model::ProductText& text,
                             const SessionMap& sessions, const KeyMap& keys)
    : WriteTx(clock),
      Reader(text),
      db_(database),
      alive_sessions_(sessions),
      alive_keys_(keys),
      watermark_(watermark_of(database)),
      words_through_(sqlite::words_through(database)),
      stored_responses_(database) {}

void SqliteWriteTx::begin_group() {
  group_watermark_ = watermark_;
  recorded_ = {};
  products_created_ = false;
  group_touched_ = false;
  products_.clear();
  sessions_.clear();
  keys_.clear();
  stored_responses_.settle();
}

void SqliteWriteTx::begin_job() {
  kept_ = false;
  replaced_.clear();
  host_now_ = clock_.now();
  watermark_.time = std::max(watermark_.time, host_now_);
  job_ = {db_.rows_changed_ever(),  watermark_, products_.size(), sessions_.size(), keys_.size(),
          stored_responses_.mark(), recorded_};
}

void SqliteWriteTx::forget_job() {
  watermark_ = job_.watermark;
  products_.resize(job_.products);
  sessions_.resize(job_.sessions);
  keys_.resize(job_.keys);
  stored_responses_.undo_to(job_.responses);
  recorded_ = job_.recorded;
}

void SqliteWriteTx::forget_group() {
  proven_until_ = {};
  watermark_ = {.time = watermark_.time, .number = group_watermark_.number, .sequence = group_watermark_.sequence};
  products_.clear();
  sessions_.clear();
  keys_.clear();
  stored_responses_.undo_to(0);
  recorded_ = {};
}

void SqliteWriteTx::end_group() {
  if (group_touched_) write_version_again(db_);
}

void SqliteWriteTx::committed() {
  // Other writes prove little: small ones find room in the log when it is not for large ones.
  if (group_touched_) proven_until_ = std::chrono::steady_clock::now() + kProofLife;
}

// An error, not a Failure: the small writes of this group may still be committed.
Status SqliteWriteTx::touch() {
  if (std::chrono::steady_clock::now() < proven_until_) return {};
  if (!group_touched_) INTEGRITY_CHECK(db_.expect_room(kRoomBytes));
  group_touched_ = true;
  return {};
}

std::optional<model::Session> SqliteWriteTx::session(const SessionId& id) {
  const auto* const effect = last_effect(sessions_, id);
  return effect != nullptr ? *effect : alive_sessions_.find(id);
}

std::shared_ptr<const model::ApiKey> SqliteWriteTx::do_key(const model::Digest& hash) {
  const auto* const effect = last_effect(keys_, hash);
  return (effect != nullptr ? *effect : alive_keys_.find(hash)).value_or(nullptr);
}

SqliteWriteTx::WordsIndexed SqliteWriteTx::index_words(std::size_t bytes_max) {
  const auto last = add_missing_words(db_, text_, words_through_, bytes_max);
  const WordsIndexed indexed{.through = last.value_or(watermark_.number),
                             .bytes = last ? bytes_max : bytes_without_words_};
  set_words_through(db_, indexed.through);
  return indexed;
}

void SqliteWriteTx::words_indexed(const WordsIndexed& indexed) {
  words_through_ = indexed.through;
  bytes_without_words_ -= std::min(indexed.bytes, bytes_without_words_);
}

void SqliteWriteTx::do_append(const model::Change& change) {
  if (change.kind != model::RecordKind::product) return insert(db_, change);
  insert_product_change(db_, change, sequence_, replaced_);
  replaced_.clear();
}

std::optional<std::int64_t> SqliteWriteTx::do_last_sequence(std::int64_t first, std::int64_t end) {
  auto row = db_.query("SELECT max(product) FROM changes WHERE product >= ? AND product < ?", first, end);
  row.next();
  return row.take<std::optional<std::int64_t>>();
}

Status SqliteWriteTx::do_insert(const model::Product& p, std::int64_t sequence) {
  const auto changed = db_.run_unless_taken(
      "INSERT INTO products (place, id, price, stock, version, created_at, updated_at, currency, sku, name, name_key,"
      " description) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      sequence, p.id, p.price.units, p.stock, p.version, p.created_at, p.updated_at, p.currency, p.sku, p.name,
      text_.sort_key(p.name), p.description);
  if (!changed) return taken(p);
  sequence_ = sequence;
  products_created_ = true;  // nobody can have read it, but lists without it
  bytes_without_words_ += text_bytes(p);
  return {};
}

// A UNIQUE constraint is broken: the sku's, or else the program draws ids that exist.
Status SqliteWriteTx::taken(const model::Product& p) {
  if (p.sku && db_.query("SELECT 1 FROM products WHERE sku = ? AND id <> ?", *p.sku, p.id).next()) return sku_taken(p);
  throw std::logic_error("a product of this id is there already");
}

Status SqliteWriteTx::do_update(const model::Product& before, const model::Product& p) {
  const auto sequence = sequence_of(db_, p.id);
  if (!sequence) throw std::logic_error("update of a product that never was");
  const bool counted = before.sku == p.sku && before.name == p.name && before.description == p.description &&
                       before.price == p.price && before.currency == p.currency;
  const auto changed =
      counted ? db_.run("UPDATE products SET stock = ?, version = ?, updated_at = ? WHERE place = ? AND version = ?",
                        p.stock, p.version, p.updated_at, *sequence, before.version)
              : db_.run_unless_taken(
                    "UPDATE products SET price = ?, stock = ?, version = ?, updated_at = ?, currency = ?, sku = ?,"
                    " name = ?, name_key = ?, description = ? WHERE place = ? AND version = ?",
                    p.price.units, p.stock, p.version, p.updated_at, p.currency, p.sku, p.name, text_.sort_key(p.name),
                    p.description, *sequence, before.version);
  if (!changed) return taken(p);
  expect_one(*changed, "update of a product that is not at the version before");
  if (!counted) replace_words(*sequence, before, p);
  sequence_ = *sequence;
  append_json(replaced_, before);
  products_.push_back(p.id);
  return {};
}

void SqliteWriteTx::replace_words(std::int64_t sequence, const model::Product& before, const model::Product& after) {
  if (before.name == after.name && before.description == after.description && before.sku == after.sku) return;
  const auto old_words = text_.word_text(before), new_words = text_.word_text(after);
  if (old_words == new_words || !has_words(db_, sequence, words_through_)) return;
  remove_words(db_, sequence, old_words);
  add_words(db_, sequence, new_words);
}

void SqliteWriteTx::do_delete(const model::Product& p) {
  const auto sequence = sequence_of(db_, p.id);
  expect_one(sequence ? db_.run("DELETE FROM products WHERE place = ? AND version = ?", *sequence, p.version) : 0,
             "delete of a product that is not at this version");
  db_.run("INSERT INTO deleted_products (id, place) VALUES (?, ?)", p.id, *sequence);
  if (has_words(db_, *sequence, words_through_)) remove_words(db_, *sequence, text_.word_text(p));
  sequence_ = *sequence;
  append_json(replaced_, p);
  products_.push_back(p.id);
}

Status SqliteWriteTx::do_insert(const model::User& u) {
  return insert_unless_taken(db_, u) ? Status() : username_taken(u);
}

void SqliteWriteTx::do_update(const model::User& u, std::int64_t version_before) {
  expect_one(run_update(db_, update<model::User, "WHERE id = ? AND version = ?">, u, u.id, version_before),
             "update of an account that is not at the version before");
}

void SqliteWriteTx::do_delete_user(const UserId& user) {
  db_.run("DELETE FROM users WHERE id = ? AND state = 'pending'", user);
}

void SqliteWriteTx::set_last_login(const UserId& user, Time at) {
  expect_one(db_.run("UPDATE users SET last_login_at = ? WHERE id = ?", at, user), "a login of no account");
}

void SqliteWriteTx::do_set_role(const UserId& user, const std::optional<model::Role>& role) {
  if (role) {
    for (auto row =
             db_.query(around<model::Session, "UPDATE sessions SET role = ? WHERE user = ? RETURNING ">, *role, user);
         row.next();) {
      const auto session = take<model::Session>(row);
      sessions_.emplace_back(session.id, session);
    }
  }
  for (auto row = db_.query(
           around<model::ApiKey, "UPDATE api_keys SET role = ? WHERE user = ? AND revoked_at IS NULL RETURNING ">, role,
           user);
       row.next();) {
    const auto key = std::make_shared<const model::ApiKey>(take<model::ApiKey>(row));
    keys_.emplace_back(key->hash, key);
  }
}

std::size_t SqliteWriteTx::pending_users(std::optional<std::string_view> network) {
  auto row = network ? db_.query(
                           "SELECT count(*) FROM users WHERE state = 'pending'"
                           " AND pending_network = ?",
                           *network)
                     : db_.query("SELECT count(*) FROM users WHERE state = 'pending'");
  row.next();
  return static_cast<std::size_t>(row.take<std::int64_t>());
}

std::size_t SqliteWriteTx::remove_expired_pending_users(Time at, std::size_t limit) {
  return db_.run(
      "DELETE FROM users WHERE state = 'pending' AND id IN (SELECT id FROM users"
      " WHERE state = 'pending' AND (pending_until <= ? OR pending_until > ?) ORDER BY pending_until LIMIT ?)",
      at, model::last_end(model::pending_life, at), limit);
}

void SqliteWriteTx::do_replace_recovery_codes(const UserId& user, const std::vector<model::Digest>& hashes) {
  db_.run("DELETE FROM recovery_codes WHERE user = ?", user);
  for (const auto& hash : hashes) {
    db_.run("INSERT INTO recovery_codes (user, hash) VALUES (?, ?)", user, ByteView(hash));
  }
}

bool SqliteWriteTx::do_spend_recovery_code(const UserId& user, const model::Digest& hash) {
  return db_.run("DELETE FROM recovery_codes WHERE user = ? AND hash = ?", user, ByteView(hash)) == 1;
}

void SqliteWriteTx::do_insert(const model::SessionRecord& record) {
  insert(db_, record);
  sessions_.emplace_back(record.session.id, record.session);
}

// Columns that have an index are left alone where they cannot change.
void SqliteWriteTx::update_session(const model::Session& s, const std::optional<model::Device>& device) {
  const auto updated =
      device ? db_.run(
                   "UPDATE sessions SET factor = ?, role = ?, generation = ?, refreshed_at = ?, proven_at = ?,"
                   " expires_at = ?, address = ?, user_agent = ? WHERE id = ?",
                   s.factor, s.role, s.generation, s.refreshed_at, s.proven_at, s.expires_at, device->address,
                   device->user_agent, s.id)
             : db_.run(
                   "UPDATE sessions SET factor = ?, role = ?, generation = ?, refreshed_at = ?, proven_at = ?,"
                   " expires_at = ? WHERE id = ?",
                   s.factor, s.role, s.generation, s.refreshed_at, s.proven_at, s.expires_at, s.id);
  expect_one(updated, "update of a session that has ended");
  sessions_.emplace_back(s.id, s);
}

std::optional<model::Session> SqliteWriteTx::do_end_session(const SessionId& session) {
  std::optional<model::Session> ended;
  for (auto row = db_.query(around<model::Session, "DELETE FROM sessions WHERE id = ? RETURNING ">, session);
       row.next();) {
    ended = take<model::Session>(row);
  }
  if (ended) sessions_.emplace_back(session, std::nullopt);
  return ended;
}

std::size_t SqliteWriteTx::remove_expired_sessions(Time at, std::size_t limit) {
  std::size_t removed = 0;
  for (auto row = db_.query("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions"
                            " WHERE expires_at <= ? OR expires_at > ? ORDER BY expires_at LIMIT ?) RETURNING id",
                            at, model::last_end(model::session_idle_max, at), limit);
       row.next(); ++removed) {
    sessions_.emplace_back(row.take<SessionId>(), std::nullopt);
  }
  return removed;
}

void SqliteWriteTx::do_insert(const model::ApiKey& key) {
  insert(db_, key);
  keys_.emplace_back(key.hash, std::make_shared<const model::ApiKey>(key));
}

void SqliteWriteTx::do_revoke(const model::ApiKey& key, Time at) {
  expect_one(db_.run("UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", at, key.id),
             "revocation of a key that does not exist or is revoked");
  keys_.emplace_back(key.hash, std::nullopt);
}

void SqliteWriteTx::set_api_keys_used(std::span<const std::pair<ApiKeyId, Time>> used) {
  for (const auto& [id, at] : used) {
    db_.run("UPDATE api_keys SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)", at, id,
            at);
  }
}

void SqliteWriteTx::do_insert(const model::Invitation& invitation) {
  insert(db_, invitation);
}

bool SqliteWriteTx::do_remove(const InvitationId& invitation) {
  return db_.run("DELETE FROM invitations WHERE id = ?", invitation) == 1;
}

std::size_t SqliteWriteTx::remove_expired_invitations(Time at, std::size_t limit) {
  return db_.run(
      "DELETE FROM invitations WHERE id IN (SELECT id FROM invitations"
      " WHERE expires_at <= ? OR expires_at > ? ORDER BY expires_at LIMIT ?)",
      at, model::last_end(model::invitation_life_max, at), limit);
}

void SqliteWriteTx::add_challenge(const model::Challenge& c) {
  insert(db_, c);
}

bool SqliteWriteTx::count_challenge_try(const model::Digest& token_hash, int attempts_max) {
  return db_.run("UPDATE challenges SET tries = tries + 1 WHERE token_hash = ? AND tries < ?", ByteView(token_hash),
                 attempts_max) == 1;
}

bool SqliteWriteTx::spend_challenge(const model::Digest& token_hash) {
  return db_.run("DELETE FROM challenges WHERE token_hash = ?", ByteView(token_hash)) == 1;
}

void SqliteWriteTx::remove_challenges_of(const UserId& user) {
  db_.run("DELETE FROM challenges WHERE user = ?", user);
}

std::size_t SqliteWriteTx::remove_challenges_but_newest(const UserId& user, model::Challenge::Next next,
                                                        std::size_t count) {
  return db_.run(
      "DELETE FROM challenges WHERE token_hash IN (SELECT token_hash FROM challenges"
      " WHERE user = ? AND next = ? ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
      user, name_of(next), count);
}

std::size_t SqliteWriteTx::remove_expired_challenges(Time at, std::size_t limit) {
  return db_.run(
      "DELETE FROM challenges WHERE token_hash IN (SELECT token_hash FROM challenges"
      " WHERE expires_at <= ? OR expires_at > ? ORDER BY expires_at LIMIT ?)",
      at, model::last_end(model::enrol_challenge_life, at), limit);
}

bool SqliteWriteTx::spend_totp_step(const UserId& user, std::int64_t step) {
  if (step <= model::FactorCounters{}.last_step) return false;
  return db_.run(
             "INSERT INTO factor_counters (user, last_step, failures, failures_unredeemed)"
             " VALUES (?, ?, 0, 0) ON CONFLICT (user) DO UPDATE SET last_step = excluded.last_step"
             " WHERE excluded.last_step > last_step",
             user, step) == 1;
}

void SqliteWriteTx::set_factor_counters(const UserId& user, const model::FactorCounters& c) {
  db_.run(
      "INSERT INTO factor_counters (user, last_step, failures, failures_unredeemed, locked_until)"
      " VALUES (?, ?, ?, ?, ?) ON CONFLICT (user) DO UPDATE SET"
      " last_step = max(last_step, excluded.last_step), failures = excluded.failures,"
      " failures_unredeemed = excluded.failures_unredeemed, locked_until = excluded.locked_until",
      user, c.last_step, c.failures, c.failures_unredeemed, c.locked_until);
}

void SqliteWriteTx::remove_factor_counters(const UserId& user) {
  db_.run("DELETE FROM factor_counters WHERE user = ?", user);
}

std::optional<model::StoredResponse> SqliteWriteTx::stored_response(const UserId& user, const model::ResponseKey& key) {
  return stored_responses_.find(user, key, host_now_);
}

std::optional<Time> SqliteWriteTx::do_full_until(const UserId& user, std::size_t stored_max) {
  return stored_responses_.full_until(user, stored_max, host_now_);
}

bool SqliteWriteTx::do_store_response(const UserId& user, const model::ResponseKey& key,
                                      const model::StoredResponse& response, std::size_t stored_max) {
  if (stored_responses_.full_until(user, stored_max, host_now_)) return false;
  stored_responses_.keep(user, key, response, host_now_);
  return true;
}

std::size_t SqliteWriteTx::remove_expired_responses(std::size_t limit) {
  return stored_responses_.remove_expired(host_now_, limit);
}

std::optional<model::Digest> SqliteWriteTx::key_fingerprint(std::string_view key) {
  auto row = db_.query("SELECT fingerprint FROM key_fingerprints WHERE key = ?", key);
  if (!row.next()) return {};
  return row.take<model::Digest>();
}

void SqliteWriteTx::set_key_fingerprint(std::string_view key, const model::Digest& fingerprint) {
  db_.run(
      "INSERT INTO key_fingerprints (key, fingerprint) VALUES (?, ?)"
      " ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint",
      key, ByteView(fingerprint));
}

}  // namespace integrity::store::sqlite
