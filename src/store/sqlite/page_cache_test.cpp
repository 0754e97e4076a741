#include "store/sqlite/page_cache.hpp"

#include <gtest/gtest.h>

namespace integrity::store::sqlite {
namespace {

PageCache::Page page(std::string json) {
  return std::make_shared<const model::RenderedPage>(model::RenderedPage{std::move(json), "next"});
}

TEST(PageCache, GivesBackTheSamePageForTheSameQuery) {
  PageCache cache(1 << 20);
  cache.put({.words = {"a", "b"}, .limit = 5}, cache.generation(), page("[1]"));
  EXPECT_EQ(cache.find({.words = {"a", "b"}, .limit = 5})->json, "[1]");
  const std::vector<model::ProductQuery> others{
      {.words = {"ab"}, .limit = 5},
      {.words = {"a", "b"}, .limit = 6},
      {.words = {"a", "b"}, .price = {1, {}}, .limit = 5},
      {.words = {"a", "b"}, .price = {{}, 1}, .limit = 5},
      {.words = {"a", "b"}, .stock = {1, {}}, .limit = 5},
      {.words = {"a", "b"}, .order = {model::ProductKey::created_at, true}, .limit = 5},
      {.words = {"a", "b"}, .order = {model::ProductKey::name}, .limit = 5},
      {.words = {"a", "b"}, .after = "x", .limit = 5},
      {.sku = "", .words = {"a", "b"}, .limit = 5},
  };
  for (const auto& other : others) EXPECT_FALSE(cache.find(other));
}

TEST(PageCache, ForgetsAllAfterAChange) {
  PageCache cache(1 << 20);
  cache.put({}, cache.generation(), page("[1]"));
  cache.forget_all();
  EXPECT_FALSE(cache.find({}));
}

// It was read before the change and put after it.
TEST(PageCache, DoesNotStoreAPageOfAnOlderState) {
  PageCache cache(1 << 20);
  const auto before = cache.generation();
  cache.forget_all();
  cache.put({}, before, page("[1]"));
  EXPECT_FALSE(cache.find({}));
}

TEST(PageCache, KeepsToItsSizeAndDropsWhatWasUsedLongestAgo) {
  PageCache cache(10'000);
  for (std::size_t i = 1; i <= 5; ++i) {
    cache.put({.limit = i}, cache.generation(), page(std::string(3000, 'x')));
    EXPECT_TRUE(cache.find({.limit = 1}));
  }
  EXPECT_TRUE(cache.find({.limit = 5}));
  EXPECT_FALSE(cache.find({.limit = 2}));
  cache.put({.limit = 9}, cache.generation(), page(std::string(300'000, 'x')));
  EXPECT_FALSE(cache.find({.limit = 9})) << "too long to be stored";
}

}  // namespace
}  // namespace integrity::store::sqlite
