#include "base/lru.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace integrity {
namespace {

int value_of(Lru<std::string, int>& lru, const std::string& key) {
  const int* const found = lru.find(key);
  return found == nullptr ? -1 : *found;
}

TEST(Lru, DropsTheEntryThatWasUsedLongestAgo) {
  Lru<std::string, int> lru(2);
  lru.put("a", 1);
  lru.put("b", 2);
  EXPECT_EQ(value_of(lru, "a"), 1);
  lru.put("c", 3);
  EXPECT_EQ(value_of(lru, "a"), 1);
  EXPECT_EQ(value_of(lru, "b"), -1);
  EXPECT_EQ(value_of(lru, "c"), 3);
  EXPECT_EQ(lru.size(), 2u);
}

TEST(Lru, BoundsTheSumOfWeights) {
  Lru<std::string, int> lru(10);
  for (const char* key : {"a", "b", "c"}) lru.put(key, 1, 3);
  lru.put("large", 2, 7);
  EXPECT_EQ(lru.size(), 2u);
  EXPECT_EQ(value_of(lru, "c"), 1);
  EXPECT_EQ(value_of(lru, "large"), 2);
  EXPECT_EQ(lru.put("too large", 3, 11), nullptr);
  EXPECT_EQ(lru.size(), 2u) << "nothing is dropped for an entry that is not stored";
  EXPECT_NE(lru.put("whole", 4, 10), nullptr);
  EXPECT_EQ(lru.size(), 1u);
}

TEST(Lru, CountsTheWeightOfAReplacedOrErasedEntryNoLonger) {
  Lru<std::string, int> lru(10);
  lru.put("a", 1, 9);
  lru.put("a", 2, 2);
  lru.put("b", 3, 8);
  EXPECT_EQ(value_of(lru, "a"), 2);
  lru.erase("b");
  lru.erase("never stored");
  lru.put("c", 4, 8);
  EXPECT_EQ(value_of(lru, "a"), 2);
  EXPECT_EQ(value_of(lru, "b"), -1);
}

// A stale entry that could not be stored again must not stay in its place.
TEST(Lru, ForgetsAnEntryWhoseNewValueIsTooLarge) {
  Lru<std::string, int> lru(10);
  lru.put("a", 1);
  EXPECT_EQ(lru.put("a", 2, 11), nullptr);
  EXPECT_EQ(value_of(lru, "a"), -1);
}

TEST(Lru, ShowsItsOldestEntryWithoutUsingIt) {
  Lru<std::string, int> lru(3);
  EXPECT_EQ(lru.oldest(), nullptr);
  lru.put("a", 1);
  lru.put("b", 2);
  ASSERT_NE(lru.oldest(), nullptr);
  EXPECT_EQ(*lru.oldest(), 1);
  lru.drop_oldest();
  EXPECT_EQ(*lru.oldest(), 2);
  EXPECT_EQ(value_of(lru, "a"), -1);
}

TEST(Lru, GivesAPointerToWhatWasStored) {
  Lru<int, std::unique_ptr<int>> lru(1);
  auto* const stored = lru.put(1, std::make_unique<int>(5));
  ASSERT_NE(stored, nullptr);
  EXPECT_EQ(stored, lru.find(1));
  EXPECT_EQ(**stored, 5);
}

}  // namespace
}  // namespace integrity
