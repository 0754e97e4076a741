// Pages of products lately read, as clients see them. Any change of any product makes all of them old:
//
//   if (auto hit = cache.find(query)) return hit;
//   const auto generation = cache.generation();   // before the database is asked
//   auto page = …;
//   cache.put(query, generation, page);
//
// The writer calls `forget_all` between a group's COMMIT and its answers, so a page found here is never older than an
// acknowledged write. Worth it because lists are asked for again and again between two changes. Safe from any thread.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/lru.hpp"
#include "model/product.hpp"

namespace integrity::store::sqlite {

class PageCache {
 public:
  explicit PageCache(std::size_t bytes_max) : pages_(bytes_max) {}

  using Page = std::shared_ptr<const model::RenderedPage>;
  Page find(const model::ProductQuery& query);  // null: not here
  std::uint64_t generation() const { return generation_.load(); }
  void put(const model::ProductQuery& query, std::uint64_t generation, Page page);
  void forget_all() { ++generation_; }

 private:
  struct Entry {
    std::uint64_t generation;
    Page page;
  };

  std::atomic<std::uint64_t> generation_ = 0;
  std::mutex mutex_;
  Lru<std::string, Entry> pages_;
};

}  // namespace integrity::store::sqlite
