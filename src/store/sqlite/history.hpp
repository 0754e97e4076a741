// Changes of all records by account, kind, actor, record and time.
#pragma once
#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

model::ChangePage find_changes(Database& db, const model::ChangeQuery& query);

}  // namespace integrity::store::sqlite
