// The tables and their numbered migrations (migrations/*.sql, compiled in). PRAGMA user_version
// holds the number of the last one that ran.
#pragma once
#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

// Brings the database to the newest version, in one transaction. Throws Unavailable for one that is
// newer.
void migrate(Database& db);

// For who may not write: throws Unavailable unless the version is the one this program knows.
void expect_current(Database& db);

}  // namespace integrity::store::sqlite
