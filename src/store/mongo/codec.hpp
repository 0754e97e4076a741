// Values of the model as documents, and back. Names and types of members are here and, for the server, in
// collections/*.json.
#pragma once
#include "model/change.hpp"
#include "model/product.hpp"
#include "model/stored_response.hpp"
#include "model/user.hpp"
#include "store/bulk.hpp"
#include "store/enum_names.hpp"
#include "store/mongo/bson.hpp"

namespace integrity::store::mongo {

// Usernames are unique, ignoring case. They are ASCII.
std::string username_key(std::string_view username);

Doc to_doc(const model::User& user);
Doc to_doc(const model::Challenge& challenge);
Doc to_doc(const model::Session& session);
Doc to_doc(const model::Change& change);  // with its number and time

model::User take_user(View view);
model::Challenge take_challenge(View view);
model::Session take_session(View view);
model::FactorCounters take_factor_counters(View view);
model::Change take_change(View view);

// With what is derived from its texts. The sequence number is stored as `place` (docs/adr/0007).
Doc to_doc(const model::Product& product, std::int64_t sequence, const model::ProductText& text);
model::Product take_product(View view);
// The update from one version to the next.
Doc changes_of(const model::Product& before, const model::Product& after, const model::ProductText& text);
Doc derived_from(const model::Product& product, const model::ProductText& text);

// The id of a stored response: the user and the key.
using StoredResponseId = std::array<std::uint8_t, 28>;
StoredResponseId stored_response_id(const UserId& user, const model::ResponseKey& key);
Doc to_doc(const UserId& user, const model::ResponseKey& key, const model::StoredResponse& answer);
model::StoredResponse take_stored_response(View view);

Doc to_doc(const MigrationState& state);
MigrationState take_migration_state(View view);

}  // namespace integrity::store::mongo
