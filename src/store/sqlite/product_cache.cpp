#include "store/sqlite/product_cache.hpp"

namespace integrity::store::sqlite {
namespace {

// An entry's nodes, index and counters, rounded up.
std::size_t bytes_of(const model::RenderedProduct& product) {
  constexpr std::size_t fixed_bytes = 256;
  return fixed_bytes + product.json.capacity();
}

}  // namespace

void ProductCache::Shard::drop(std::list<Entry>::iterator product) {
  bytes -= bytes_of(**product);
  by_id.erase((*product)->id);
  products.erase(product);
}

ProductCache::Entry ProductCache::find(const ProductId& id) {
  Shard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.by_id.find(id);
  if (found == shard.by_id.end()) return {};
  shard.products.splice(shard.products.begin(), shard.products, found->second);
  return *found->second;
}

ProductCache::Ticket ProductCache::ticket(const ProductId& id) {
  Shard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  return {shard.generation};
}

void ProductCache::put(Ticket ticket, Entry product) {
  Shard& shard = shard_of(product->id);
  const std::lock_guard lock(shard.mutex);
  if (shard.generation != ticket.generation || shard.by_id.contains(product->id)) return;
  shard.bytes += bytes_of(*product);
  shard.products.push_front(std::move(product));
  shard.by_id.emplace(shard.products.front()->id, shard.products.begin());
  while (shard.bytes > shard_bytes_max_) shard.drop(std::prev(shard.products.end()));
}

void ProductCache::forget(const ProductId& id) {
  Shard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  ++shard.generation;
  const auto found = shard.by_id.find(id);
  if (found != shard.by_id.end()) shard.drop(found->second);
}

}  // namespace integrity::store::sqlite
