#include "store/sqlite/product_cache.hpp"

#include <gtest/gtest.h>

namespace integrity::store::sqlite {
namespace {

ProductCache::Entry numbered(std::uint8_t number, std::int64_t version = 1,
                             std::optional<std::string> description = {}) {
  model::Product product;
  product.id.bytes[4] = number;
  product.version = version;
  product.description = std::move(description);
  return std::make_shared<const model::RenderedProduct>(product);
}

TEST(ProductCache, GivesWhatWasPut) {
  ProductCache cache(1 << 20);
  const auto lamp = numbered(1);
  EXPECT_FALSE(cache.find(lamp->id));
  cache.put(cache.ticket(lamp->id), lamp);
  EXPECT_EQ(cache.find(lamp->id), lamp);
  cache.forget(lamp->id);
  EXPECT_FALSE(cache.find(lamp->id));
}

TEST(ProductCache, ALateReaderCannotPutBackAnOldRow) {
  ProductCache cache(1 << 20);
  const auto old = numbered(1, 1), current = numbered(1, 2);
  const auto ticket = cache.ticket(old->id);
  cache.forget(old->id);  // a commit was acknowledged between the reader's query and its result
  cache.put(ticket, old);
  EXPECT_FALSE(cache.find(old->id));
  cache.put(cache.ticket(old->id), current);
  EXPECT_EQ(cache.find(old->id), current);
}

TEST(ProductCache, DropsTheLeastRecentlyUsedWhenFull) {
  ProductCache cache(16 * 1200);  // the ids here share one of 16 shards, which has room for two entries
  for (const auto& product : {numbered(1), numbered(2)}) {
    cache.put(cache.ticket(product->id), product);
  }
  EXPECT_TRUE(cache.find(numbered(1)->id));
  cache.put(cache.ticket(numbered(3)->id), numbered(3));
  EXPECT_TRUE(cache.find(numbered(1)->id));
  EXPECT_FALSE(cache.find(numbered(2)->id));
  EXPECT_TRUE(cache.find(numbered(3)->id));
}

TEST(ProductCache, DoesNotStoreWhatIsLargerThanAShard) {
  ProductCache cache(16 * 1000);
  const auto large = numbered(1, 1, std::string(2000, 'x'));
  cache.put(cache.ticket(large->id), large);
  EXPECT_FALSE(cache.find(large->id));
}

}  // namespace
}  // namespace integrity::store::sqlite
