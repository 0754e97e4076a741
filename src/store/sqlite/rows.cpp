#include "store/sqlite/rows.hpp"

namespace integrity::store::sqlite {
namespace {

template <class Enum>
Enum take_word(Run& row) {
  const auto text = row.take<std::string>();
  if (const auto value = value_of<Enum>(text)) return *value;
  throw Failure(SQLITE_CORRUPT, "a row has the unknown word " + text);
}

}  // namespace

// In braces, so that the columns are taken in the order written.
model::Product take_product(Run& row) {
  return {.id = row.take<ProductId>(),
          .sku = row.take<std::optional<std::string>>(),
          .name = row.take<std::string>(),
          .description = row.take<std::optional<std::string>>(),
          .price = Money{row.take<std::int64_t>()},
          .currency = row.take<std::string>(),
          .stock = row.take<std::int64_t>(),
          .version = row.take<std::int64_t>(),
          .created_at = row.take<Time>(),
          .updated_at = row.take<Time>()};
}

model::User take_user(Run& row) {
  return {.id = row.take<UserId>(),
          .username = row.take<std::string>(),
          .name = row.take<std::optional<std::string>>(),
          .password_hash = row.take<std::string>(),
          .password_version = row.take<std::int64_t>(),
          .state = take_word<model::UserState>(row),
          .totp_secret = row.take<Bytes>(),
          .totp_confirmed_at = row.take<std::optional<Time>>(),
          .enrol_until = row.take<std::optional<Time>>(),
          .pending_until = row.take<std::optional<Time>>(),
          .pending_network = row.take<std::string>(),
          .version = row.take<std::int64_t>(),
          .created_at = row.take<Time>(),
          .updated_at = row.take<Time>()};
}

model::Challenge take_challenge(Run& row) {
  return {.next = take_word<model::Challenge::Next>(row),
          .token_hash = row.take<model::Digest>(),
          .user = row.take<UserId>(),
          .password_version = row.take<std::int64_t>(),
          .pending_secret = row.take<Bytes>(),
          .attempts = row.take<int>(),
          .expires_at = row.take<Time>()};
}

model::FactorCounters take_factor_counters(Run& row) {
  return {.last_step = row.take<std::int64_t>(),
          .failures = row.take<std::int64_t>(),
          .failures_unredeemed = row.take<std::int64_t>(),
          .locked_until = row.take<std::optional<Time>>()};
}

model::Session take_session(Run& row) {
  return {.id = row.take<SessionId>(),
          .user = row.take<UserId>(),
          .factor = take_word<model::SecondFactor>(row),
          .created_at = row.take<Time>(),
          .expires_at = row.take<Time>()};
}

model::Change take_change(Database& db, Run& row) {
  model::Change change{.number = row.take<std::int64_t>(),
                       .at = row.take<Time>(),
                       .kind = take_word<model::RecordKind>(row),
                       .record = row.take<RecordId>(),
                       .revision = row.take<std::int64_t>(),
                       .op = row.take<std::string>(),
                       .attribution = {.actor = row.take<std::optional<UserId>>(),
                                       .proof = take_word<model::Attribution::Proof>(row),
                                       .reason = row.take<std::optional<std::string>>(),
                                       .reference = row.take<std::optional<std::string>>()},
                       .after = row.take<std::optional<std::string>>().value_or("")};
  if (!change.after.empty() || change.kind != model::RecordKind::product) return change;
  // The newest change of its product, which may have deleted it.
  const auto now = product(db, ProductId{change.record.bytes});
  if (now && now->version == change.revision) append_json(change.after, *now);
  return change;
}

std::optional<model::Product> product(Database& db, const ProductId& id) {
  auto row = db.query("SELECT " PRODUCT_COLUMNS " FROM products p WHERE id = ?", id);
  if (!row.next()) return {};
  return take_product(row);
}

std::optional<std::int64_t> sequence_of(Database& db, const ProductId& id) {
  for (const Sql sql :
       {Sql("SELECT place FROM products WHERE id = ?"), Sql("SELECT place FROM deleted_products WHERE id = ?")}) {
    auto row = db.query(sql, id);
    if (row.next()) return row.take<std::int64_t>();
  }
  return {};
}

std::optional<std::size_t> insert(Database& db, const model::User& u) {
  return db.run_unless_taken("INSERT INTO users (" USER_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                             u.id, u.username, u.name, u.password_hash, u.password_version, name_of(u.state),
                             ByteView(u.totp_secret), u.totp_confirmed_at, u.enrol_until, u.pending_until,
                             u.pending_network, u.version, u.created_at, u.updated_at);
}

void insert(Database& db, const model::Challenge& c) {
  db.run("INSERT INTO challenges (" CHALLENGE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)", name_of(c.next),
         ByteView(c.token_hash), c.user, c.password_version, ByteView(c.pending_secret), c.attempts, c.expires_at);
}

void insert(Database& db, const model::Session& s) {
  db.run("INSERT INTO sessions (" SESSION_COLUMNS ") VALUES (?, ?, ?, ?, ?)", s.id, s.user, name_of(s.factor),
         s.created_at, s.expires_at);
}

void insert(Database& db, const model::Change& c) {
  const auto after = c.after.empty() ? std::nullopt : std::optional<std::string_view>(c.after);
  db.run(
      "INSERT INTO changes (number, at, kind, record, revision, op, actor, proof, reason, reference, after)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      c.number, c.at, name_of(c.kind), c.record, c.revision, c.op, c.attribution.actor, name_of(c.attribution.proof),
      c.attribution.reason, c.attribution.reference, after);
}

void insert_product_change(Database& db, const model::Change& c, std::int64_t sequence, std::string_view before) {
  const auto replaced = before.empty() ? std::nullopt : std::optional(before);
  db.run(
      "INSERT INTO changes (number, at, kind, record, product, revision, op, actor, proof, reason, reference, before)"
      " VALUES (?, ?, 'product', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      c.number, c.at, c.record, sequence, c.revision, c.op, c.attribution.actor, name_of(c.attribution.proof),
      c.attribution.reason, c.attribution.reference, replaced);
}

}  // namespace integrity::store::sqlite
