// The collections: their validators, their indexes, and the two documents of `meta`.
//
//   {_id: "schema", version, text_version}   the versions of the collections, and of the texts derived from products
//   {_id: "head", time, number, place, …}    the watermark and the writer lock of all nodes (docs/adr/0010). `mark` is the
//                                            state of a migration; a closed one keeps writers from taking the lock
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
                      api_keys = "api_keys", invitations = "invitations", meta = "meta";
}  // namespace in

// 3: validators that let in only what can be read, and numbered stored responses.
// 4: roles, sessions that are refreshed, keys, invitations, and the history of an account.
inline constexpr int newest_version = 4;

// Makes what is missing; several nodes may do so at the same time. Throws Unavailable for a database of a newer
// program. Derives the texts of products again where an older version of `text` made them.
void prepare(Client& client, const model::ProductText& text);
void refuse_newer(Connection& connection);  // throws Unavailable
bool is_older(Connection& connection);      // made by an older program, so `prepare` has work to do

std::optional<MigrationState> migration_state_of(Connection& connection);
void expect_open(Connection& connection);  // throws Closed where a migration has closed the store
Closed head_is_lost();

// How this program makes each collection.
struct CollectionDescription {
  std::string name;
  Doc validator;
  Array indexes;
};
std::vector<CollectionDescription> descriptions();

// A filter for the readable documents of a collection: those that its validator lets in.
Doc readable(Name collection);

// The name of a collection or view that is not this program's; nothing where there is none.
std::optional<std::string> foreign_collection(Connection& connection);

}  // namespace integrity::store::mongo
