// Model values as rows: inserted, and taken from a row in the order of these column lists.
#pragma once
#include "store/enum_names.hpp"
#include "store/sqlite/db.hpp"

// Of products p.
#define PRODUCT_COLUMNS \
  "p.id, p.sku, p.name, p.description, p.price, p.currency, p.stock, p.version, p.created_at, p.updated_at"
#define USER_COLUMNS                                                                            \
  "id, username, name, password_hash, password_version, state, totp_secret, totp_confirmed_at," \
  " enrol_until, pending_until, pending_network, version, created_at, updated_at"
#define CHALLENGE_COLUMNS "next, token_hash, user, password_version, pending_secret, tries, expires_at"
#define COUNTER_COLUMNS "last_step, failures, failures_unredeemed, locked_until"
#define SESSION_COLUMNS "id, user, factor, created_at, expires_at"
// Of changes c. What a product was afterwards is in the change after it (migrations/006_history_and_words_later.sql).
// NULL equals nothing, so of other records there is no such change.
#define CHANGE_COLUMNS                                                                                             \
  "c.number, c.at, c.kind, c.record, c.revision, c.op, c.actor, c.proof, c.reason, c.reference, coalesce(c.after," \
  " (SELECT n.before FROM changes n WHERE n.product = c.product AND n.revision = c.revision + 1))"

namespace integrity::store::sqlite {

model::Product take_product(Run& row);
model::User take_user(Run& row);
model::Challenge take_challenge(Run& row);
model::FactorCounters take_factor_counters(Run& row);
model::Session take_session(Run& row);
// May ask the database for the product that the change was about: both must be of one state.
model::Change take_change(Database& db, Run& row);

// Nothing where another account has the name.
std::optional<std::size_t> insert(Database& db, const model::User& user);
void insert(Database& db, const model::Challenge& challenge);
void insert(Database& db, const model::Session& session);
void insert(Database& db, const model::Change& change);  // of an account or a session
// Of a product, with what it replaced (empty for none) instead of what it made, which is in the product's own row.
// `sequence` is that of the product (`sequence_of`).
void insert_product_change(Database& db, const model::Change& change, std::int64_t sequence, std::string_view before);

std::optional<model::Product> product(Database& db, const ProductId& id);
// By which the changes of a product are found, those of a deleted one too: migrations/008_….
std::optional<std::int64_t> sequence_of(Database& db, const ProductId& id);

}  // namespace integrity::store::sqlite
