// The collections: their validators, their indexes, and the two documents of `meta`.
//
//   {_id: "schema", version, text_version}   of the collections, and of what made the texts derived from products
//   {_id: "head", time, number, place, …}    where all writers of all nodes meet: see docs/adr/0010. Its `mark` is that
//                                            of a move; a writer takes no head whose mark is closed
#pragma once
#include "model/product.hpp"
#include "store/bulk.hpp"
#include "store/mongo/error_map.hpp"
#include "store/mongo/handles.hpp"

namespace integrity::store::mongo {

namespace in {  // collections
inline constexpr Name users = "users", products = "products", sessions = "sessions", challenges = "challenges",
                      factor_counters = "factor_counters", recovery_codes = "recovery_codes",
                      stored_responses = "kept_answers", key_fingerprints = "key_fingerprints", changes = "changes",
                      meta = "meta";
}  // namespace in

// 3: validators that let in only what can be read, and numbered kept answers.
inline constexpr int newest_version = 3;

// Makes what is missing; nodes that do so at the same moment do not disturb each other. Throws Unavailable for a
// database of a newer program. Texts derived from products are made anew where an older version of `text` made them.
void prepare(Client& client, const model::ProductText& text);
void refuse_newer(Connection& connection);  // throws Unavailable
bool is_older(Connection& connection);      // made by an older program, so `prepare` has work to do

std::optional<MigrationState> migration_state_of(Connection& connection);
void expect_open(Connection& connection);  // throws Closed where a mark forbids it
Closed head_is_lost();

// A filter that a collection's readable documents meet: all that its validator lets in.
Doc readable(Name collection);

// Of a collection or view in the database that is not this program's; nothing where there is none.
std::optional<std::string> foreign_collection(Connection& connection);

}  // namespace integrity::store::mongo
