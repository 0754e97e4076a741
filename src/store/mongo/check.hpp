// A database as `store::check` reads it.
#pragma once
#include <memory>
#include <string>

#include "store/check.hpp"

namespace integrity::store::mongo {

// One snapshot of the database, for reading; nodes may be writing meanwhile. Throws Unavailable where there is nothing
// to check: no server, no database, one of an older or newer version, or one into which a migration is not finished.
//
// MongoDB keeps a snapshot for `minSnapshotHistoryWindowInSeconds`, five minutes by default. A check that takes longer
// throws Unavailable, and says what to do.
std::unique_ptr<CheckSource> open_mongo_check(const std::string& uri, const model::ProductText& text);

}  // namespace integrity::store::mongo
