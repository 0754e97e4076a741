#include "http/etag.hpp"

#include <gtest/gtest.h>

namespace integrity::http {
namespace {

// The tags that were read: "3 W/4", or "*".
std::string read(std::string_view value) {
  const auto tags = parse_etags(value);
  if (!tags) return "refused";
  std::string out = tags->any ? "*" : "";
  for (const auto& tag : tags->tags) {
    if (!out.empty()) out += ' ';
    out += (tag.weak ? "W/" : "") + std::string(tag.opaque);
  }
  return out;
}

TEST(EntityTags, AreReadAsAList) {
  constexpr struct {
    const char *value, *expected;
  } cases[] = {
      {"\"3\"", "3"},
      {" \"3\" ", "3"},
      {"W/\"3\"", "W/3"},
      {"\"1\", \"3\"", "1 3"},
      {"\"1\",\t\"2\"", "1 2"},
      {"W/\"3\",\"1\"", "W/3 1"},
      {"*", "*"},
      {"\"\"", ""},
      {"\"a,b\", \"3\"", "a,b 3"},
      {"\"1\",", "1"},  // empty elements are ignored
      {",\"1\"", "1"},
      {"\"1\",,\"2\"", "1 2"},
  };
  for (const auto& [value, expected] : cases) EXPECT_EQ(read(value), expected) << value;
}

TEST(EntityTags, RefuseAnythingElse) {
  for (const char* value : {"", " ", ",", "3", "\"3", "3\"", "w/\"3\"", "W/ \"3\"", "W/3", "\"1\" \"2\"", "*, \"1\"",
                            "\"1\", *", "**", "\"a b\"", "'3'"}) {
    const auto tags = parse_etags(value);
    ASSERT_FALSE(tags.has_value()) << value;
    EXPECT_EQ(tags.error().code, Code::bad_request);
  }
}

}  // namespace
}  // namespace integrity::http
