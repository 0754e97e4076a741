#include "store/mongo/codec.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "store/mongo/error_map.hpp"

namespace integrity::store::mongo {
namespace {

Array words_of(const model::Product& product, const model::ProductText& text) {
  Array words;
  for (const auto& word : text.words_of(product)) words.add(word);
  return words;
}

}  // namespace

std::string username_key(std::string_view username) {
  return ascii_lower(username);
}

Doc to_doc(const model::User& user) {
  return to_doc<model::User>(user).add("username_key", username_key(user.username));
}

Doc to_doc(const model::Change& change) {
  Doc doc = to_doc<model::Change>(change);
  if (change.kind != model::RecordKind::product) doc.add("listed", change.kind);
  return doc;
}

Doc to_doc(const model::Product& p, std::int64_t sequence, const model::ProductText& text) {
  return Doc("_id", p.id, "place", sequence, "sku", p.sku, "name", p.name, "description", p.description, "price",
             p.price, "currency", p.currency, "stock", p.stock, "version", p.version, "created_at", p.created_at,
             "updated_at", p.updated_at, "name_key", text.sort_key(p.name), "words", words_of(p, text));
}

model::Product take_product(View v) {
  return {.id = v.take<ProductId>("_id"),
          .sku = v.take<std::optional<std::string>>("sku"),
          .name = v.take<std::string>("name"),
          .description = v.take<std::optional<std::string>>("description"),
          .price = v.take<Money>("price"),
          .currency = v.take<std::string>("currency"),
          .stock = v.take<std::int64_t>("stock"),
          .version = v.take<std::int64_t>("version"),
          .created_at = v.take<Time>("created_at"),
          .updated_at = v.take<Time>("updated_at")};
}

Doc derived_from(const model::Product& product, const model::ProductText& text) {
  return Doc("name_key", text.sort_key(product.name), "words", words_of(product, text));
}

// A movement of stock, the most frequent change, does not touch the indexes of texts and prices.
Doc changes_of(const model::Product& before, const model::Product& p, const model::ProductText& text) {
  Doc set("stock", p.stock, "version", p.version, "updated_at", p.updated_at);
  Doc unset;
  if (p.price != before.price) set.add("price", p.price);
  if (p.currency != before.currency) set.add("currency", p.currency);
  if (p.sku != before.sku) p.sku ? set.add("sku", *p.sku) : unset.add("sku", "");
  if (p.description != before.description) {
    p.description ? set.add("description", *p.description) : unset.add("description", "");
  }
  if (p.name != before.name) set.add("name", p.name, "name_key", text.sort_key(p.name));
  if (p.name != before.name || p.description != before.description || p.sku != before.sku) {
    set.add("words", words_of(p, text));
  }
  Doc changes("$set", set);
  if (!unset.empty()) changes.add("$unset", unset);
  return changes;
}

StoredResponseId stored_response_id(const UserId& user, const model::ResponseKey& key) {
  StoredResponseId id;
  std::copy(key.begin(), key.end(), std::copy(user.bytes.begin(), user.bytes.end(), id.begin()));
  return id;
}

Doc to_doc(const UserId& user, const model::ResponseKey& key, const model::StoredResponse& a) {
  return Doc("_id", stored_response_id(user, key), "user", user, "request", a.request, "status", a.status, "headers",
             a.headers, "body", a.body, "expires_at", a.expires_at);
}

model::StoredResponse take_stored_response(View v) {
  return {.request = v.take<model::Digest>("request"),
          .status = v.take<int>("status"),
          .headers = v.take<std::string>("headers"),
          .body = v.take<std::string>("body"),
          .expires_at = v.take<Time>("expires_at")};
}

Doc to_doc(const MigrationState& state) {
  return Doc("role", state.role == MigrationState::Role::source ? "source" : "target", "move", state.move, "other",
             state.other, "at", state.at, "complete", state.complete, "closed", state.closed());
}

MigrationState take_migration_state(View v) {
  return {.role = v.take<std::string>("role") == "source" ? MigrationState::Role::source : MigrationState::Role::target,
          .move = v.take<std::string>("move"),
          .other = v.take<std::string>("other"),
          .at = v.take<Time>("at"),
          .complete = v.take<bool>("complete")};
}

}  // namespace integrity::store::mongo
