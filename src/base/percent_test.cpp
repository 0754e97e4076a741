#include "base/percent.hpp"

#include <gtest/gtest.h>

namespace integrity {
namespace {

TEST(Percent, EncodesAllButUnreservedCharacters) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a b/\xc3\xa9%"), "a%20b%2F%C3%A9%25");
  EXPECT_EQ(percent_encode("a/b:c", "/"), "a/b%3Ac");
}

TEST(Percent, DecodesStrictly) {
  EXPECT_EQ(percent_decode("a%20b%C3%a9+", Plus::is_plus), "a b\xc3\xa9+");
  EXPECT_EQ(percent_decode("a+b", Plus::is_space), "a b");
  for (const char* bad : {"%", "%4", "%zz", "%C3", "%ff"}) EXPECT_FALSE(percent_decode(bad, Plus::is_plus)) << bad;
}

}  // namespace
}  // namespace integrity
