// Recently read products by id, as clients see them. It never returns a row older than an acknowledged commit:
//
//   if (auto hit = cache.find(id)) return hit;
//   const auto ticket = cache.ticket(id);       // before the database is asked
//   auto product = …;                           // a read that begins after the ticket was taken
//   cache.put(ticket, product);                 // ignored if `forget` was called meanwhile
//
// The writer calls `forget` for each product of a group between its COMMIT and its responses: a reader
// that read the old row before cannot put it back, and one that reads afterwards sees the new row.
// Safe from any thread.
#pragma once
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "base/lru.hpp"
#include "base/metrics.hpp"
#include "model/product.hpp"

namespace integrity::store::sqlite {

class ProductCache {
 public:
  explicit ProductCache(std::size_t bytes_max) {
    for (std::size_t i = 0; i < kShards; ++i) shards_.emplace_back(bytes_max / kShards);
  }

  struct Ticket {
    std::uint64_t generation = 0;
  };
  using Entry = std::shared_ptr<const model::RenderedProduct>;
  Entry find(const ProductId& id);  // null if it is not here
  Ticket ticket(const ProductId& id);
  void put(Ticket ticket, Entry product);
  void forget(const ProductId& id);
  Lookups lookups() const;  // by `find`

 private:
  static constexpr std::size_t kShards = 16;
  struct alignas(64) Shard {
    explicit Shard(std::size_t bytes_max) : products(bytes_max) {}
    std::mutex mutex;
    Lru<ProductId, Entry, IdHash> products;
    std::uint64_t generation = 0;  // grows with each `forget`
    LookupTally lookups;
  };
  Shard& shard_of(const ProductId& id) { return shards_[id.bytes.back() % kShards]; }

  std::deque<Shard> shards_;  // a deque, because a shard cannot be moved
};

}  // namespace integrity::store::sqlite
