#include "base/ascii.hpp"

#include <gtest/gtest.h>

namespace integrity {
namespace {

TEST(Ascii, ChangesTheCaseOfAsciiLettersOnly) {
  EXPECT_EQ(ascii_lower("AZ az 09 @[`{ \xc3\x84"), "az az 09 @[`{ \xc3\x84");
  EXPECT_EQ(ascii_upper('a'), 'A');
  EXPECT_EQ(ascii_upper('{'), '{');
  EXPECT_TRUE(equal_ignoring_case("Content-TYPE", "content-type"));
  EXPECT_FALSE(equal_ignoring_case("@", "`")) << "they differ by 32, as A and a do";
}

TEST(Ascii, ReadsHexDigits) {
  EXPECT_EQ(hex_value('9'), 9);
  EXPECT_EQ(hex_value('f'), 15);
  EXPECT_EQ(hex_value('A'), 10);
  for (const char c : {'g', 'G', '/', ':', '@', ' '}) EXPECT_EQ(hex_value(c), -1) << c;
}

TEST(Ascii, SplitsText) {
  std::string_view rest = " a ;b";
  EXPECT_EQ(trim(take_until(rest, ';')), "a");
  EXPECT_EQ(rest, "b");
  EXPECT_EQ(take_until(rest, ';'), "b");
  EXPECT_EQ(rest, "");
}

}  // namespace
}  // namespace integrity
