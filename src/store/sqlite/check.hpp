// A database file as `store::check` reads it.
#pragma once
#include <filesystem>
#include <memory>

#include "store/check.hpp"
#include "store/sqlite/db.hpp"
#include "store/sqlite/log_growth.hpp"

namespace integrity::store::sqlite {

// One state of the file, for reading; a server may be writing meanwhile. Throws Unavailable where there is nothing to
// check: no file, a file that cannot be read, that of another program, of an older or newer version, or one into which
// a migration is not finished. Throws it also when the log has grown by `log_max` since: a reader of one state keeps it
// from starting over.
std::unique_ptr<CheckSource> open_sqlite_check(const std::filesystem::path& file, const model::ProductText& text,
                                               std::uint64_t log_max = log_growth_max);
// The same for a file that only this process uses, such as a copy of a backup.
std::unique_ptr<CheckSource> open_sqlite_check_alone(const std::filesystem::path& file, const model::ProductText& text);

// Before a file of an unknown maker is written to: whether it has the tables and indexes of its version and nothing else,
// such as a trigger. Nobody writes to it meanwhile.
void check_schema_of(const std::filesystem::path& file, CheckReport& report);

// The parts of it that only this engine has. Failure where the file is damaged.
void check_schema(Database& db, CheckReport& report);
void check_words(Database& db, const model::ProductText& text, CheckReport& report);

}  // namespace integrity::store::sqlite
