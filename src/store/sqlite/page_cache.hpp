// Recently read pages of products, as clients see them. Any change of any product makes all of them stale:
//
//   if (auto hit = cache.find(query)) return hit;
//   const auto generation = cache.generation();   // before the database is asked
//   auto page = …;
//   cache.put(query, generation, page);
//
// The writer calls `forget_all` between a group's COMMIT and its responses, so a page found here is never older than an
// acknowledged write. It pays because the same lists are often requested between two changes. Safe from any thread.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/lru.hpp"
#include "base/metrics.hpp"
#include "model/product.hpp"

namespace integrity::store::sqlite {

class PageCache {
 public:
  explicit PageCache(std::size_t bytes_max) : pages_(bytes_max) {}

  using Page = std::shared_ptr<const model::RenderedPage>;
  Page find(const model::ProductQuery& query);  // null if it is not here
  std::uint64_t generation() const { return generation_.load(); }
  void put(const model::ProductQuery& query, std::uint64_t generation, Page page);
  void forget_all() { ++generation_; }
  Lookups lookups() const { return lookups_.value(); }  // by `find`

 private:
  struct Entry {
    std::uint64_t generation;
    Page page;
  };

  std::atomic<std::uint64_t> generation_ = 0;
  std::mutex mutex_;
  Lru<std::string, Entry> pages_;
  LookupTally lookups_;
};

}  // namespace integrity::store::sqlite
