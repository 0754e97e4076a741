#include "store/sqlite/schema.hpp"

#include <array>

#include "base/log.hpp"
#include "store/sqlite/backup.hpp"
#include "store/sqlite/migrations.hpp"
#include "store/sqlite/rows.hpp"
#include "store/sqlite/word_index.hpp"

namespace integrity::store::sqlite {
namespace {

constexpr const auto& kMigrations = embedded::store_sqlite_migrations;

// Whether each of them rewrites rows that are there, so that the database is copied first.
constexpr std::array kRewrites{false, true, false, false, false, true, true, true, true, false};
static_assert(kRewrites.size() == kMigrations.size(), "does the new migration rewrite a table?");

void backup_before_rewriting(Database& db) {
  const auto version = version_of(db);
  for (auto next = version; version > 0 && next < newest_version; ++next) {
    if (!kRewrites[static_cast<std::size_t>(next)]) continue;
    return backup_before_upgrade(sqlite3_db_filename(db.handle(), "main"), version, newest_version);
  }
}

void use_wal(Database& db) {
  auto mode = db.query("PRAGMA journal_mode = WAL");
  if (mode.next() && mode.take<std::string>() == "wal") return;
  throw Unavailable("the file system of " + std::string(sqlite3_db_filename(db.handle(), "main")) +
                    " cannot hold a database in WAL mode");
}

}  // namespace

const std::int64_t newest_version = static_cast<std::int64_t>(kMigrations.size());

std::int64_t version_of(Database& db) {
  auto row = db.query("PRAGMA user_version");
  row.next();
  return row.take<std::int64_t>();
}

void refuse_newer(Database& db) {
  const auto version = version_of(db);
  if (version <= newest_version) return;
  throw Unavailable("the database has schema version " + std::to_string(version) +
                    ", made by a newer program; this one knows versions up to " + std::to_string(newest_version) +
                    ". Use the newer program");
}

void refuse_foreign(Database& db) {
  auto id = db.query("PRAGMA application_id");
  id.next();
  const bool ours = id.take<std::int64_t>() == application_id;
  const auto version = version_of(db);
  const bool empty = !db.query("SELECT 1 FROM sqlite_schema").next();
  // The first migration commits the tables together with their version.
  if (version < 0 || (ours && !empty && version == 0)) {
    throw Unavailable("the database has schema version " + std::to_string(version) +
                      ", which no program made: restore it from a backup");
  }
  if (ours || empty) return;
  throw Unavailable("it is the database of another program; name another folder with --data");
}

void migrate(Database& db, std::int64_t to) {
  refuse_foreign(db);
  refuse_newer(db);
  db.execute("BEGIN EXCLUSIVE");
  for (std::int64_t version = version_of(db); version < to; ++version) {
    db.execute(std::string(kMigrations[static_cast<std::size_t>(version)].second));
    db.execute("PRAGMA user_version = " + std::to_string(version + 1));
  }
  db.execute("COMMIT");
}

bool has_texts_of(Database& db, const model::ProductText& text) {
  auto row = db.query("SELECT version FROM word_index");
  return row.next() && row.take<std::int64_t>() == text.version;
}

void refresh_texts(Database& db, const model::ProductText& text) {
  db.execute("BEGIN IMMEDIATE; INSERT INTO product_words (product_words) VALUES ('delete-all');");
  for (auto row = db.query("SELECT place, " PRODUCT_COLUMNS " FROM products p"); row.next();) {
    const auto sequence = row.take<std::int64_t>();
    const auto product = take_product(row);
    db.run("UPDATE products SET name_key = ? WHERE place = ?", text.sort_key(product.name), sequence);
    add_words(db, sequence, text.word_text(product));
  }
  db.run("DELETE FROM word_index");
  db.run("INSERT INTO word_index (version, through) SELECT ?, coalesce(max(number), 0) FROM changes", text.version);
  db.execute("COMMIT");
}

void make_ready(Database& db, const model::ProductText& text) {
  backup_before_rewriting(db);
  // Before the mode changes: a newer program's file is left as it is.
  migrate(db);
  use_wal(db);
  // The log is cut back to 64 MiB after a long reader let it grow.
  db.execute(
      "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cache_size = -8192;"
      "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;");
  if (has_texts_of(db, text)) return;
  log::event("store.texts.refresh", {{"version", std::to_string(text.version)}});
  refresh_texts(db, text);
}

void make_ready_alone(Database& db, const model::ProductText& text) {
  db.execute(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON;"
      "PRAGMA cache_size = -131072;");
  migrate(db);
  if (!has_texts_of(db, text)) refresh_texts(db, text);
}

void expect_current(Database& db) {
  refuse_foreign(db);
  refuse_newer(db);
  const auto version = version_of(db);
  if (version == newest_version) return;
  throw Unavailable("the database has schema version " + std::to_string(version) + ", this program needs " +
                    std::to_string(newest_version) + ". Start the server once: it brings the database up to date");
}

void write_version_again(Database& db) {
  db.execute("PRAGMA user_version = " + std::to_string(newest_version));
}

}  // namespace integrity::store::sqlite
