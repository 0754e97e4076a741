// The part of MongoWriteTx that remembers what it asked for: products, and answers that were kept.
#include <algorithm>

#include "store/mongo/error_map.hpp"
#include "store/mongo/write_tx.hpp"

namespace integrity::store::mongo {
namespace {

Error sku_taken(const model::Product& product) {
  return {Code::sku_taken, "sku \"" + product.sku.value_or("") + "\" belongs to another product"};
}

}  // namespace

std::optional<model::Product> MongoWriteTx::product(const ProductId& id) {
  link();
  const auto known = known_products_.find(id);
  if (known != known_products_.end()) return known->second;
  return known_products_[id] = Reader::product(id);
}

model::ProductPage MongoWriteTx::products(const model::ProductQuery& query) {
  link_behind(products_waiting_);
  return Reader::products(query);
}

// Behind all products of the same millisecond, those that are gone included. Only one of the past has to look for them.
std::int64_t MongoWriteTx::place_of(const model::Product& product) {
  const auto first = to_millis(product.created_at) << 21;
  std::int64_t& last = head().place;
  if (first > last) return last = first;
  if (last >> 21 == first >> 21) return ++last;
  const auto found = link_behind(products_waiting_)
                         .first(in::products, Doc("place", Doc("$gte", first, "$lt", first + (std::int64_t{1} << 21))),
                                Doc("sort", Doc("place", -1)));
  return found ? View(*found).take<std::int64_t>("place") + 1 : first;
}

// Asked first, for an index that refuses ends the transaction. What waits to be sent counts, and what it replaces does
// not.
bool MongoWriteTx::sku_is_taken(const model::Product& product) {
  if (!product.sku) return false;
  for (const auto& [id, known] : known_products_) {
    if (known && id != product.id && known->sku == product.sku) return true;
  }
  const auto holder = link().first(in::products, Doc("sku", *product.sku), Doc("projection", Doc("_id", 1)));
  if (!holder) return false;
  const auto id = View(*holder).take<ProductId>("_id");
  return id != product.id && !known_products_.contains(id);
}

Status MongoWriteTx::do_insert(const model::Product& p) {
  if (sku_is_taken(p)) return sku_taken(p);
  const auto place = place_of(p);
  wait(products_waiting_, {Write::How::insert, {}, to_doc(p, place, text_)});
  known_products_[p.id] = p;
  return {};
}

Status MongoWriteTx::do_update(const model::Product& before, const model::Product& p) {
  const auto current = product(p.id);
  if (!current || current->version != before.version) {
    throw std::logic_error("update of a product that is not at the version before");
  }
  if (p.sku != current->sku && sku_is_taken(p)) return sku_taken(p);
  wait(products_waiting_,
       {Write::How::update, Doc("_id", p.id, "version", before.version), changes_of(*current, p, text_)});
  known_products_[p.id] = p;
  return {};
}

void MongoWriteTx::do_delete(const model::Product& p) {
  const auto current = product(p.id);
  if (!current || current->version != p.version) {
    throw std::logic_error("delete of a product that is not at this version");
  }
  wait(products_waiting_, {Write::How::remove, Doc("_id", p.id, "version", p.version), {}});
  known_products_[p.id].reset();
}

// Expired ones included.
std::optional<model::KeptAnswer>& MongoWriteTx::known_answer(const UserId& user, const model::AnswerKey& key) {
  link();
  const auto id = answer_id(user, key);
  const auto known = known_answers_.find(id);
  if (known != known_answers_.end()) return known->second;
  const auto found = link().first(in::kept_answers, Doc("_id", id));
  return known_answers_[id] = found ? std::optional(take_kept_answer(View(*found))) : std::nullopt;
}

std::optional<model::KeptAnswer> MongoWriteTx::kept_answer(const UserId& user, const model::AnswerKey& key) {
  const auto& known = known_answer(user, key);
  if (!known || known->expires_at <= now()) return {};
  return known;
}

// Counted once a group for each account that keeps any; then it is known.
MongoWriteTx::Kept& MongoWriteTx::kept_of(const UserId& user) {
  link();
  const auto known = known_kept_.find(user);
  if (known != known_kept_.end()) return known->second;
  Kept kept;
  Array pipeline;
  pipeline.add(Doc("$match", Doc("user", user, "expires_at", Doc("$gt", now()))));
  pipeline.add(Doc("$group", Doc("_id", std::int64_t{0}, "alive", Doc("$sum", std::int64_t{1}), "oldest",
                                 Doc("$min", "$expires_at"))));
  if (Cursor found = link().aggregate(in::kept_answers, pipeline); found.next()) {
    kept = {static_cast<std::size_t>(found.view().take<std::int64_t>("alive")), found.view().take<Time>("oldest")};
  }
  return known_kept_[user] = kept;
}

std::optional<Time> MongoWriteTx::do_full_until(const UserId& user, std::size_t kept_max) {
  const Kept& kept = kept_of(user);
  return kept.alive < kept_max ? std::nullopt : kept.oldest;
}

bool MongoWriteTx::do_keep_answer(const UserId& user, const model::AnswerKey& key, const model::KeptAnswer& answer,
                                  std::size_t kept_max) {
  Kept& kept = kept_of(user);
  if (kept.alive >= kept_max) return false;
  auto& known = known_answer(user, key);
  if (known && known->expires_at > now()) throw std::logic_error("an answer is kept under this key already");
  const auto id = answer_id(user, key);
  if (known) wait(answers_waiting_, {Write::How::remove, Doc("_id", id), {}});
  wait(answers_waiting_, {Write::How::insert, {}, to_doc(user, key, answer)});
  known = answer;
  ++kept.alive;
  kept.oldest = kept.oldest ? std::min(*kept.oldest, answer.expires_at) : answer.expires_at;
  return true;
}

std::size_t MongoWriteTx::remove_expired_answers(std::size_t limit) {
  if (limit == 0) return 0;
  link_behind(answers_waiting_);
  const auto removed =
      remove_first(in::kept_answers, Doc("expires_at", Doc("$lte", now())), Doc("expires_at", 1), 0, limit);
  known_answers_.clear();
  return removed;
}

}  // namespace integrity::store::mongo
