// Where the next write goes on, worked out from what is in the file; and the mark of a move.
#pragma once
#include "store/bulk.hpp"
#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

Watermark watermark_of(Database& db);
// Makes it the head of a file whose changes are there; in a transaction.
void set_watermark(Database& db, const Watermark& watermark);

std::optional<MigrationState> migration_state_of(Database& db);  // of a file of any version
void set_migration_state(Database& db, const std::optional<MigrationState>& mark);
void expect_open(Database& db);  // throws Unavailable where a mark forbids it

}  // namespace integrity::store::sqlite
