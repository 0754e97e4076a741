// The tables and their numbered migrations (migrations/*.sql, compiled in). PRAGMA user_version
// holds the number of the last one that ran.
#pragma once
#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

// PRAGMA application_id of a file of this program (migrations/001).
inline constexpr std::int64_t application_id = 0x496e7467;

// Brings the database to the newest version, in one transaction. Throws Unavailable for one that is
// newer. Tests stop at an older one.
extern const std::int64_t newest_version;
void migrate(Database& db, std::int64_t to = newest_version);
std::int64_t version_of(Database& db);  // 0: nothing is in the file yet
void refuse_newer(Database& db);        // throws Unavailable
void refuse_foreign(Database& db);      // another program's file, or a version that never was: throws Unavailable

// All that a file needs that is written to, whichever program made it. Before an upgrade that rewrites a table, the file
// as it was is kept next to it as before-upgrade-OLD-NEW.db (the numbers of the versions).
void make_ready(Database& db, const model::ProductText& text);
// The same for a file that only this process uses and that is discarded if anything fails: no log, no syncs, no copy.
void make_ready_alone(Database& db, const model::ProductText& text);

// Derives keys and words from the texts of all products again if another version of the functions made them.
void refresh_texts(Database& db, const model::ProductText& text);

// For callers that cannot write: throws Unavailable unless the version is the one this program knows.
void expect_current(Database& db);

// Writes the version that is there: the smallest write that a commit has to bring to the disk.
void write_version_again(Database& db);

}  // namespace integrity::store::sqlite
