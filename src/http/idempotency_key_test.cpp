#include "http/idempotency_key.hpp"

#include <gtest/gtest.h>

namespace integrity::http {
namespace {

TEST(IdempotencyKey, IsTheSameWithAndWithoutQuotes) {
  struct Case {
    const char *value, *key;
  };
  for (const auto& [value, key] : {
           Case{"k", "k"},
           Case{"\"k\"", "k"},
           Case{"8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"},
           Case{"\"8e03978e-40d5-43e8-bc93-6894a57f9324\"", "8e03978e-40d5-43e8-bc93-6894a57f9324"},
           Case{"!#$%&'()*+,-./:;<=>?@[]^_`{|}~", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"},
           Case{R"("a\"b\\c")", R"(a"b\c)"},
           Case{R"(a"b\c)", R"(a"b\c)"},
           Case{R"("\"")", "\""},
           Case{"a\"", "a\""},
           Case{"'k'", "'k'"},
           Case{"K", "K"},
       }) {
    const auto parsed = parse_idempotency_key(value);
    ASSERT_TRUE(parsed.has_value()) << value;
    EXPECT_EQ(*parsed, key) << value;
  }
}

TEST(IdempotencyKey, IsRefusedWhenItCouldBeReadInTwoWays) {
  for (const char* value : {
           "",
           "\"\"",
           "\"",
           "\"k",
           "\"k\"x",
           "\"k\";p=1",
           "\"k\", \"l\"",
           "\"a\"b\"",
           "\"k\\\"",
           "\"\\k\"",
           "\"k\\",
           "a b",
           "\"a b\"",
           "a\tb",
           "a, b",
           "k\x7f",
           "caf\xc3\xa9",
           "\"caf\xc3\xa9\"",
           "\xff",
       }) {
    const auto parsed = parse_idempotency_key(value);
    ASSERT_FALSE(parsed.has_value()) << value;
    EXPECT_EQ(parsed.error().code, Code::bad_request);
  }
  EXPECT_FALSE(parse_idempotency_key(std::string_view("a\0b", 3)).has_value());
}

TEST(IdempotencyKey, HasAtMost255Characters) {
  const std::string longest(255, 'k');
  EXPECT_TRUE(parse_idempotency_key(longest).has_value());
  EXPECT_FALSE(parse_idempotency_key(longest + "k").has_value());
  EXPECT_TRUE(parse_idempotency_key('"' + longest + '"').has_value()) << "quotes do not count";
  EXPECT_FALSE(parse_idempotency_key('"' + longest + "k\"").has_value());
  std::string escaped;
  for (int i = 0; i < 255; ++i) escaped += "\\\\";
  EXPECT_EQ(parse_idempotency_key('"' + escaped + '"').value(), std::string(255, '\\')) << "nor do escapes";
}

}  // namespace
}  // namespace integrity::http
