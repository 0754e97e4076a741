// Products lately read by id, as clients see them. It never gives a row older than an acknowledged commit:
//
//   if (auto hit = cache.find(id)) return hit;
//   const auto ticket = cache.ticket(id);       // before the database is asked
//   auto product = …;                           // a read that begins after the ticket was taken
//   cache.put(ticket, product);                 // ignored if `forget` came between
//
// The writer calls `forget` for each product of a group between its COMMIT and its answers: a reader
// that read the old row before cannot put it back, and one that reads afterwards sees the new row.
// Safe from any thread.
#pragma once
#include <array>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "model/product.hpp"

namespace integrity::store::sqlite {

class ProductCache {
 public:
  explicit ProductCache(std::size_t bytes_max) : shard_bytes_max_(bytes_max / kShards) {}

  struct Ticket {
    std::uint64_t generation = 0;
  };
  using Entry = std::shared_ptr<const model::RenderedProduct>;
  Entry find(const ProductId& id);  // null: not here
  Ticket ticket(const ProductId& id);
  void put(Ticket ticket, Entry product);
  void forget(const ProductId& id);

 private:
  static constexpr std::size_t kShards = 16;
  // The least recently used is dropped first. Front: used last.
  struct alignas(64) Shard {
    std::mutex mutex;
    std::list<Entry> products;
    std::unordered_map<ProductId, std::list<Entry>::iterator, IdHash> by_id;
    std::size_t bytes = 0;
    std::uint64_t generation = 0;  // grows with each `forget`
    void drop(std::list<Entry>::iterator product);
  };
  Shard& shard_of(const ProductId& id) { return shards_[id.bytes.back() % kShards]; }

  const std::size_t shard_bytes_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace integrity::store::sqlite
