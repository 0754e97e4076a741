#include "store/sqlite/product_cache.hpp"

namespace integrity::store::sqlite {
namespace {

// An entry's nodes, index and counters, rounded up.
std::size_t bytes_of(const model::RenderedProduct& product) {
  constexpr std::size_t fixed_bytes = 256;
  return fixed_bytes + product.json.capacity();
}

}  // namespace

ProductCache::Entry ProductCache::find(const ProductId& id) {
  Shard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  const Entry* const found = shard.products.find(id);
  shard.lookups.add(found != nullptr);
  return found == nullptr ? nullptr : *found;
}

Lookups ProductCache::lookups() const {
  Lookups all;
  for (const Shard& shard : shards_) all += shard.lookups.value();
  return all;
}

ProductCache::Ticket ProductCache::ticket(const ProductId& id) {
  Shard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  return {shard.generation};
}

void ProductCache::put(Ticket ticket, Entry product) {
  Shard& shard = shard_of(product->id);
  const auto bytes = bytes_of(*product);
  const std::lock_guard lock(shard.mutex);
  if (shard.generation != ticket.generation || shard.products.find(product->id) != nullptr) return;
  const ProductId id = product->id;
  shard.products.put(id, std::move(product), bytes);
}

void ProductCache::forget(const ProductId& id) {
  Shard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  ++shard.generation;
  shard.products.erase(id);
}

}  // namespace integrity::store::sqlite
