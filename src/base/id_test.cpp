#include "base/id.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <type_traits>
#include <unordered_set>

namespace integrity {
namespace {

class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 1;
};

// Ids of different kinds neither convert to each other nor compare.
static_assert(!std::is_convertible_v<UserId, ProductId>);
static_assert(!std::equality_comparable_with<UserId, ProductId>);

TEST(Id, IsFourBytesOfSecondsAndEightRandomBytes) {
  CountingRandom random;
  EXPECT_EQ(ProductId::make(from_millis(0x65432100LL * 1000 + 999), random).hex(), "654321000102030405060708");
  EXPECT_EQ(ProductId::make(from_millis(0xfffffffeLL * 1000), random).hex(), "fffffffe090a0b0c0d0e0f10");
}

TEST(Id, ReadsOnlyTheFormThatItWrites) {
  const auto id = UserId::parse("507f1f77bcf86cd799439011");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->hex(), "507f1f77bcf86cd799439011");
  EXPECT_EQ(UserId::from_bytes(id->bytes), *id);
  for (const char* text :
       {"", "507f1f77bcf86cd79943901", "507f1f77bcf86cd7994390111", "507F1F77BCF86CD799439011",
        "507f1f77bcf86cd79943901g", " 507f1f77bcf86cd79943901", "0x7f1f77bcf86cd799439011", "507f1f77bcf86cd7994390"}) {
    EXPECT_FALSE(UserId::parse(text)) << text;
  }
}

TEST(Id, SortsByTimeAndAsItsText) {
  SystemRandom random;
  const auto earlier = ProductId::make(from_millis(1'000'000), random);
  const auto later = ProductId::make(from_millis(1'001'000), random);
  EXPECT_LT(earlier, later);
  EXPECT_LT(earlier.hex(), later.hex());
}

TEST(Id, DoesNotRepeatWithinASecond) {
  SystemRandom random;
  std::unordered_set<SessionId, IdHash> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(SessionId::make(from_millis(0), random));
  EXPECT_EQ(seen.size(), 10'000U);
}

TEST(Id, KeepsItsBytesAsARecordId) {
  const auto id = ProductId::parse("507f1f77bcf86cd799439011");
  ASSERT_TRUE(id);
  EXPECT_EQ(record_id(*id).hex(), id->hex());
}

}  // namespace
}  // namespace integrity
