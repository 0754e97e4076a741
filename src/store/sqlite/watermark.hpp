// The watermark, computed from what is in the file, and the migration state.
#pragma once
#include "store/bulk.hpp"
#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

Watermark watermark_of(Database& db);
// Of a file that has its changes already. To be called in a transaction.
void set_watermark(Database& db, const Watermark& watermark);

std::optional<MigrationState> migration_state_of(Database& db);  // of a file of any version
void set_migration_state(Database& db, const std::optional<MigrationState>& state);
void expect_open(Database& db);  // throws Unavailable if a migration has closed the file

}  // namespace integrity::store::sqlite
