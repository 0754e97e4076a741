#include "base/repeats.hpp"

#include <gtest/gtest.h>

namespace integrity {
namespace {

TEST(Repeats, ReportsTheFirstAndCountsTheRest) {
  Repeats repeats;
  const auto note = [&](const char* kind, const char* text) { return repeats.first(kind, [=] { return text; }); };
  EXPECT_TRUE(note("a", "a1"));
  EXPECT_TRUE(note("b", "b1"));
  EXPECT_FALSE(note("a", "a2"));
  EXPECT_FALSE(note("a", "a3"));
  auto counted = repeats.take();
  ASSERT_EQ(counted.size(), 1u);
  EXPECT_EQ(counted[0].text, "a1");
  EXPECT_EQ(counted[0].count, 2u);
  EXPECT_FALSE(note("a", "a4")) << "a flood that goes on is not new";
  EXPECT_TRUE(note("b", "b2")) << "a kind that did not occur again is forgotten";
  EXPECT_EQ(repeats.take().size(), 1u);
  EXPECT_TRUE(repeats.take().empty());
  EXPECT_TRUE(repeats.empty());
}

// A stranger with a /48 of IPv6 has 65 536 networks.
TEST(Repeats, CountsFurtherKindsTogether) {
  Repeats repeats;
  int firsts = 0;
  for (int i = 0; i < 10'000; ++i) firsts += repeats.first(std::to_string(i), [] { return "x"; }) ? 1 : 0;
  EXPECT_EQ(firsts, 256);
  const auto counted = repeats.take();
  ASSERT_EQ(counted.size(), 1u);
  EXPECT_EQ(counted[0].count, 10'000u - Repeats::kinds_max);
  EXPECT_TRUE(repeats.empty());
}

}  // namespace
}  // namespace integrity
