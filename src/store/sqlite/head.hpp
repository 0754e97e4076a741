// Where the next write goes on, worked out from what is in the file; and the mark of a move.
#pragma once
#include "store/bulk.hpp"
#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

Head head_of(Database& db);
// Makes it the head of a file whose changes are there; in a transaction.
void set_head(Database& db, const Head& head);

std::optional<Mark> mark_of(Database& db);  // of a file of any version
void set_mark(Database& db, const std::optional<Mark>& mark);
void expect_open(Database& db);  // throws Unavailable where a mark forbids it

}  // namespace integrity::store::sqlite
