// The part of MongoWriteTx that remembers what it has read: products and stored responses.
#include <algorithm>

#include "model/lifetime.hpp"
#include "store/mongo/error_map.hpp"
#include "store/mongo/write_tx.hpp"
#include "store/refusals.hpp"

namespace integrity::store::mongo {

std::optional<model::Product> MongoWriteTx::product(const ProductId& id) {
  begin_transaction();
  const auto known = known_products_.find(id);
  if (known != known_products_.end()) return known->second;
  const auto found = connection_unsent().first(in::products, Doc("_id", id));
  return known_products_[id] = found ? std::optional(take_product(View(*found))) : std::nullopt;
}

std::optional<std::int64_t> MongoWriteTx::do_last_sequence(std::int64_t first_sequence, std::int64_t end) {
  const auto found =
      first(in::products, Doc("place", Doc("$gte", first_sequence, "$lt", end)), Doc("sort", Doc("place", -1)));
  return found ? std::optional(View(*found).take<std::int64_t>("place")) : std::nullopt;
}

// A query, because a unique index that refuses a document ends the transaction. Products that this group knows are
// compared in memory; if the database returns one of them, that result is ignored: an unsent write may have changed its
// sku. So nothing has to be sent before the query.
bool MongoWriteTx::sku_is_taken(const model::Product& product) {
  if (!product.sku) return false;
  for (const auto& [id, known] : known_products_) {
    if (known && id != product.id && known->sku == product.sku) return true;
  }
  const auto holder =
      connection_unsent().first(in::products, Doc("sku", *product.sku), Doc("projection", Doc("_id", 1)));
  if (!holder) return false;
  const auto id = View(*holder).take<ProductId>("_id");
  return id != product.id && !known_products_.contains(id);
}

Status MongoWriteTx::do_insert(const model::Product& p, std::int64_t sequence) {
  if (sku_is_taken(p)) return sku_taken(p);
  collect(in::products, {Write::How::insert, {}, to_doc(p, sequence, text_)});
  known_products_[p.id] = p;
  return {};
}

Status MongoWriteTx::do_update(const model::Product& before, const model::Product& p) {
  const auto current = product(p.id);
  if (!current || current->version != before.version) {
    throw std::logic_error("update of a product that is not at the version before");
  }
  if (p.sku != current->sku && sku_is_taken(p)) return sku_taken(p);
  collect(in::products,
          {Write::How::update, Doc("_id", p.id, "version", before.version), changes_of(*current, p, text_)});
  known_products_[p.id] = p;
  return {};
}

void MongoWriteTx::do_delete(const model::Product& p) {
  const auto current = product(p.id);
  if (!current || current->version != p.version) {
    throw std::logic_error("delete of a product that is not at this version");
  }
  collect(in::products, {Write::How::remove, Doc("_id", p.id, "version", p.version), {}});
  known_products_[p.id].reset();
}

// Expired responses included.
std::optional<model::StoredResponse>& MongoWriteTx::known_response(const UserId& user, const model::ResponseKey& key) {
  const auto id = stored_response_id(user, key);
  const auto known = known_responses_.find(id);
  if (known != known_responses_.end()) return known->second;
  const auto found = connection_unsent().first(in::stored_responses, Doc("_id", id));
  return known_responses_[id] = found ? std::optional(take_stored_response(View(*found))) : std::nullopt;
}

std::optional<model::StoredResponse> MongoWriteTx::stored_response(const UserId& user, const model::ResponseKey& key) {
  const auto& known = known_response(user, key);
  if (!known || known->expires_at <= clock_.now()) return {};
  return known;
}

// Runs once a group for each account that stores a response. The responses of an account are numbered without gaps and
// expire in the order of their numbers (see do_store_response). So two index lookups find the oldest and the
// newest one that are alive, and the count is newest − oldest + 1. Responses without a number (from a migration or
// older program) are counted by the server until they expire.
MongoWriteTx::AliveResponses& MongoWriteTx::alive_responses(const UserId& user) {
  const auto known = known_alive_.find(user);
  if (known != known_alive_.end()) return known->second;
  const Doc is_alive("user", user, "expires_at", Doc("$gt", clock_.now()));
  const auto first = [&](int direction) {
    return connection_unsent().first(in::stored_responses, is_alive,
                                     Doc("sort", Doc("expires_at", direction, "number", direction), "projection",
                                         Doc("_id", 0, "expires_at", 1, "number", 1)));
  };
  AliveResponses alive;
  if (const auto oldest = first(1)) {
    const auto newest = first(-1);
    const auto number = View(*oldest).take<std::optional<std::int64_t>>("number");
    const auto last = View(newest.value()).take<std::optional<std::int64_t>>("number");
    alive.oldest = View(*oldest).take<Time>("expires_at");
    alive.newest = View(*newest).take<Time>("expires_at");
    alive.count =
        number && last ? *last - *number + 1 : static_cast<std::int64_t>(count(in::stored_responses, is_alive));
    alive.last_number = number.value_or(1) + alive.count - 1;
  }
  return known_alive_[user] = alive;
}

std::optional<Time> MongoWriteTx::do_full_until(const UserId& user, std::size_t stored_max) {
  const AliveResponses& alive = alive_responses(user);
  return alive.count < static_cast<std::int64_t>(stored_max) ? std::nullopt : alive.oldest;
}

bool MongoWriteTx::do_store_response(const UserId& user, const model::ResponseKey& key,
                                     const model::StoredResponse& response, std::size_t stored_max) {
  AliveResponses& alive = alive_responses(user);
  if (alive.count >= static_cast<std::int64_t>(stored_max)) return false;
  auto& known = known_response(user, key);
  if (known && known->expires_at > clock_.now()) throw std::logic_error("a response is stored under this key already");
  const auto id = stored_response_id(user, key);
  if (known) collect(in::stored_responses, {Write::How::remove, Doc("_id", id), {}});
  // The clocks of two nodes differ a little, and a clock may be set back. No response expires before an earlier one.
  known = response;
  known->expires_at = alive.newest = std::max(response.expires_at, alive.newest);
  collect(in::stored_responses, {Write::How::insert, {}, to_doc(user, key, *known).add("number", ++alive.last_number)});
  ++alive.count;
  if (!alive.oldest) alive.oldest = alive.newest;
  return true;
}

std::size_t MongoWriteTx::remove_expired_responses(std::size_t limit) {
  if (limit == 0) return 0;
  const Time now = clock_.now();
  // These were stored while a clock was ahead. They get a whole life from now: removing one early could make a change
  // happen twice.
  connection(in::stored_responses)
      .update_all(in::stored_responses,
                  Doc("expires_at", Doc("$gt", model::last_end(model::stored_response_life, now))),
                  Doc("$set", Doc("expires_at", now + model::stored_response_life)));
  known_alive_.clear();
  const auto removed =
      remove_first(in::stored_responses, Doc("expires_at", Doc("$lte", now)), Doc("expires_at", 1), 0, limit);
  known_responses_.clear();
  return removed;
}

}  // namespace integrity::store::mongo
