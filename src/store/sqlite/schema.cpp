#include "store/sqlite/schema.hpp"

#include "store/sqlite/migrations.hpp"

namespace integrity::store::sqlite {
namespace {

constexpr const auto& kMigrations = embedded::store_sqlite_migrations;
constexpr auto kNewest = static_cast<std::int64_t>(kMigrations.size());

std::int64_t version_of(Database& db) {
  auto row = db.query("PRAGMA user_version");
  row.next();
  return row.take<std::int64_t>();
}

void refuse_newer(std::int64_t version) {
  if (version <= kNewest) return;
  throw Unavailable("the database has schema version " + std::to_string(version) +
                    ", made by a newer program; this one knows versions up to " + std::to_string(kNewest) +
                    ". Use the newer program");
}

}  // namespace

void migrate(Database& db) {
  refuse_newer(version_of(db));
  db.execute("BEGIN EXCLUSIVE");
  for (std::int64_t version = version_of(db); version < kNewest; ++version) {
    db.execute(std::string(kMigrations[static_cast<std::size_t>(version)].second));
    db.execute("PRAGMA user_version = " + std::to_string(version + 1));
  }
  db.execute("COMMIT");
}

void expect_current(Database& db) {
  const auto version = version_of(db);
  refuse_newer(version);
  if (version == kNewest) return;
  throw Unavailable("the database has schema version " + std::to_string(version) + ", this program needs " +
                    std::to_string(kNewest) + ". Start the server once: it brings the database up to date");
}

}  // namespace integrity::store::sqlite
