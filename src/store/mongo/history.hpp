// Changes of all records by account, kind, actor, record and time.
#pragma once
#include "model/change.hpp"
#include "store/mongo/handles.hpp"

namespace integrity::store::mongo {

// `last`: the number of the newest change.
model::ChangePage find_changes(Connection& connection, const model::ChangeQuery& query, std::int64_t last);

}  // namespace integrity::store::mongo
