#include "api/user_agent.hpp"

#include <gtest/gtest.h>

namespace integrity::api {
namespace {

TEST(UserAgent, IsShownAsSentWhereItIsPlainText) {
  EXPECT_EQ(shown_user_agent("curl/7.88.1"), "curl/7.88.1");
  EXPECT_EQ(shown_user_agent("Käse/1"), "Käse/1");
  EXPECT_EQ(shown_user_agent({}), std::nullopt);
  EXPECT_EQ(shown_user_agent(""), std::nullopt);
}

TEST(UserAgent, LosesControlCharactersAndBytesThatAreNotUtf8) {
  EXPECT_EQ(shown_user_agent("a\tb\x7f\xc2\x85z"), "abz");
  EXPECT_EQ(shown_user_agent("a\xffz"), "a\xef\xbf\xbdz");
  EXPECT_EQ(shown_user_agent("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // a lone surrogate
  EXPECT_EQ(shown_user_agent("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");                  // a cut character
}

TEST(UserAgent, IsCutAfter200CodePoints) {
  EXPECT_EQ(shown_user_agent(std::string(300, 'x')), std::string(200, 'x'));
  std::string many;
  for (int i = 0; i < 201; ++i) many += "é";
  EXPECT_EQ(shown_user_agent(many)->size(), 400U);
}

}  // namespace
}  // namespace integrity::api
