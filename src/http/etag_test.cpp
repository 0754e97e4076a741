#include "http/etag.hpp"

#include <gtest/gtest.h>

namespace integrity::http {
namespace {

TEST(EntityTags, AreComparedStronglyAndWeakly) {
  constexpr struct {
    const char* value;
    bool strongly, weakly;  // with "3"
  } cases[] = {
      {"\"3\"", true, true},
      {" \"3\" ", true, true},
      {"W/\"3\"", false, true},
      {"\"1\", \"3\"", true, true},
      {"\"1\",\t\"2\"", false, false},
      {"W/\"3\",\"1\"", false, true},
      {"*", true, true},
      {"\"\"", false, false},
      {"\"33\"", false, false},
      {"\"a,b\", \"3\"", true, true},
  };
  for (const auto& [value, strongly, weakly] : cases) {
    const auto tags = parse_etags(value);
    ASSERT_TRUE(tags.has_value()) << value;
    EXPECT_EQ(tags->matches_strongly("3"), strongly) << value;
    EXPECT_EQ(tags->matches_weakly("3"), weakly) << value;
  }
}

TEST(EntityTags, RefuseGarbage) {
  for (const char* value : {"", " ", "3", "\"3", "3\"", "w/\"3\"", "W/ \"3\"", "W/3", "\"1\" \"2\"", "\"1\",", ",\"1\"",
                            "\"1\",,\"2\"", "*, \"1\"", "\"1\", *", "**", "\"a b\"", "'3'"}) {
    const auto tags = parse_etags(value);
    ASSERT_FALSE(tags.has_value()) << value;
    EXPECT_EQ(tags.error().code, Code::bad_request);
  }
}

}  // namespace
}  // namespace integrity::http
