#include "http/query.hpp"

#include <gtest/gtest.h>

namespace integrity::http {
namespace {

using Parameters = std::vector<QueryParameter>;

TEST(Query, IsNamesAndValuesInOrder) {
  const struct {
    const char* query;
    Parameters expected;
  } cases[] = {
      {"", {}},
      {"a=1", {{"a", "1"}}},
      {"a=1&b=2&a=3", {{"a", "1"}, {"b", "2"}, {"a", "3"}}},
      {"a", {{"a", ""}}},
      {"a=", {{"a", ""}}},
      {"=1", {{"", "1"}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"&&a=1&", {{"a", "1"}}},
      {"q=red+lamp", {{"q", "red lamp"}}},
      {"q=a%2Bb%26c%3D", {{"q", "a+b&c="}}},
      {"%71=%C3%a9", {{"q", "\xc3\xa9"}}},
      {"a=1;b=2", {{"a", "1;b=2"}}},
  };
  for (const auto& [query, expected] : cases) {
    const auto parameters = parse_query(query);
    ASSERT_TRUE(parameters.has_value()) << query;
    EXPECT_EQ(*parameters, expected) << query;
  }
}

TEST(Query, NamesEveryParameterThatCannotBeDecoded) {
  for (const char* query : {"a=%", "a=%4", "a=%zz", "a=%ff", "a=%c0%80", "a=%ed%a0%80"}) {
    EXPECT_FALSE(parse_query(query).has_value()) << query;
  }
  const auto result = parse_query("a=%zz&b=1&c=%ff&%g=1");
  ASSERT_FALSE(result.has_value());
  const auto& error = result.error();
  EXPECT_EQ(error.code, Code::invalid_value);
  ASSERT_EQ(error.fields.size(), 3u);
  EXPECT_EQ(error.fields[0].where, "a");
  EXPECT_EQ(error.fields[1].where, "c");
  EXPECT_EQ(error.fields[2].where, "%g");
  EXPECT_EQ(error.fields[0].in, FieldError::In::query);
}

}  // namespace
}  // namespace integrity::http
