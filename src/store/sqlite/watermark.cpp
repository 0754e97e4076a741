#include "store/sqlite/watermark.hpp"

#include <algorithm>

#include "store/sqlite/schema.hpp"

namespace integrity::store::sqlite {
namespace {

constexpr std::int64_t kFirstVersionWithMigrations = 5;

// No sequence number of this millisecond, that of the last change, is greater: its products got the first numbers.
std::int64_t last_sequence_at(Database& db, Time at) {
  std::int64_t sequence = first_sequence_at(at) - 1;
  for (auto row = db.query("SELECT at, op FROM changes ORDER BY number DESC"); row.next();) {
    if (row.take<Time>() < at) break;
    if (row.take<std::string>() == "product.create") ++sequence;
  }
  return sequence;
}

Watermark watermark_of_changes(Database& db) {
  Watermark watermark;
  {
    auto row = db.query("SELECT number, at FROM changes ORDER BY number DESC LIMIT 1");
    if (row.next()) {
      watermark.number = row.take<std::int64_t>();
      watermark.time = row.take<Time>();
    }
  }
  auto row = db.query("SELECT coalesce(max(place), 0) FROM products");
  row.next();
  watermark.sequence = std::max(last_sequence_at(db, watermark.time), row.take<std::int64_t>());
  return watermark;
}

}  // namespace

Watermark watermark_of(Database& db) {
  Watermark watermark = watermark_of_changes(db);
  if (auto row = db.query("SELECT time, place FROM head"); row.next()) {
    watermark.time = std::max(watermark.time, row.take<Time>());
    watermark.sequence = std::max(watermark.sequence, row.take<std::int64_t>());
  }
  return watermark;
}

void set_watermark(Database& db, const Watermark& watermark) {
  db.run("DELETE FROM head");
  const Watermark known = watermark_of_changes(db);
  if (watermark.number != known.number) throw std::logic_error("the watermark does not fit the changes");
  if (watermark.time <= known.time && watermark.sequence <= known.sequence) return;
  db.run("INSERT INTO head (one, time, place) VALUES (1, ?, ?)", watermark.time, watermark.sequence);
}

std::optional<MigrationState> migration_state_of(Database& db) {
  if (version_of(db) < kFirstVersionWithMigrations) return {};
  auto row = db.query("SELECT role, move, other, at, complete FROM moves");
  if (!row.next()) return {};
  return MigrationState{
      .role = row.take<std::string>() == "source" ? MigrationState::Role::source : MigrationState::Role::target,
      .move = row.take<std::string>(),
      .other = row.take<std::string>(),
      .at = row.take<Time>(),
      .complete = row.take<int>() == 1};
}

void set_migration_state(Database& db, const std::optional<MigrationState>& state) {
  if (!state) {
    db.run("DELETE FROM moves");
    return;
  }
  db.run("INSERT OR REPLACE INTO moves (one, role, move, other, at, complete) VALUES (1, ?, ?, ?, ?, ?)",
         std::string_view(state->role == MigrationState::Role::source ? "source" : "target"), state->move, state->other,
         state->at, state->complete ? 1 : 0);
}

void expect_open(Database& db) {
  const auto state = migration_state_of(db);
  if (state && state->closed()) throw Unavailable(why_closed(*state));
}

}  // namespace integrity::store::sqlite
