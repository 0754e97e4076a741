#include "schema/pattern.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "base/json_document.hpp"

namespace integrity::schema {
namespace {

Pattern compiled(std::string_view expression) {
  auto pattern = Pattern::compile(expression, 64);
  EXPECT_TRUE(pattern) << expression;
  return *std::move(pattern);
}

// Why `text` is refused; empty: it is accepted.
std::string refusal(const Pattern& pattern, std::string_view text) {
  std::string why;
  const auto value = pattern.read(json::string(text), why);
  EXPECT_EQ(value.value_or(std::string(text)), text);
  return value ? "" : why;
}

std::string why_not(std::string_view expression) {
  const auto pattern = Pattern::compile(expression, 64);
  return pattern ? "" : pattern.error().detail;
}

TEST(Pattern, MeansTheWholeText) {
  const auto pattern = compiled("[A-Z]{3} [0-9]{4}|X");
  EXPECT_EQ(refusal(pattern, "ABC 1234"), "");
  EXPECT_EQ(refusal(pattern, "X"), "");
  for (const char* other : {"ABC 12345", "XX", "aABC 1234", "ABC  1234"}) {
    EXPECT_EQ(refusal(pattern, other),
              "must match the pattern that the operator of this server chose: [A-Z]{3} [0-9]{4}|X");
  }
}

TEST(Pattern, CanHaveCharactersBeyondAscii) {
  const auto pattern = compiled("[ -~À-ÿ部品]+");
  EXPECT_EQ(refusal(pattern, "Größe 7 (部品)"), "");
  EXPECT_NE(refusal(pattern, "ключ"), "");
  EXPECT_NE(refusal(pattern, "\xff"), "") << "not UTF-8";
}

TEST(Pattern, KeepsTheRulesThatItCannotChange) {
  const auto any = compiled(".+");
  EXPECT_EQ(refusal(any, std::string(64, 'a')), "");
  EXPECT_EQ(refusal(any, std::string(65, 'a')), "must have 1 to 64 characters");
  EXPECT_EQ(refusal(any, ""), "must have 1 to 64 characters");
  EXPECT_EQ(refusal(any, "a\tb"), "must not have control characters");
  EXPECT_EQ(refusal(any, "a\xc2\x85z"), "must not have control characters");
  for (const char* blank : {" a", "a ", "a\u00a0", "\u3000a", "\u200ba", "a b\u200b"}) {
    EXPECT_EQ(refusal(any, blank), "must not begin or end with a blank") << blank;
  }
  EXPECT_EQ(refusal(any, "é b é"), "");
  std::string why;
  EXPECT_FALSE(any.read(json::number(1), why));
  EXPECT_EQ(why, "must be a string");
}

TEST(Pattern, IsRefusedWhereItIsNotARegularExpression) {
  for (const char* wrong : {"", "[a-z", "(a", "a**", "*", "[z-a]", "a{2,1}", "a{1001}", "a\nb", "\xff", "a\\"}) {
    const auto why = why_not(wrong);
    EXPECT_FALSE(why.empty()) << wrong;
    EXPECT_EQ(why.find('\n'), std::string::npos) << why;
  }
  EXPECT_FALSE(why_not(std::string(1001, 'a')).empty());
  EXPECT_FALSE(why_not("(((a{100}){100}){100}){100}").empty()) << "it would need too much memory";
}

// Clients get it as the `pattern` of a JSON Schema.
TEST(Pattern, IsRefusedWhereOtherLanguagesReadItDifferently) {
  for (const char* foreign :
       {"\\d+",     "\\w",   "\\s",   "\\pL",        "\\p{Greek}", "\\Aa\\z",  "\\Qa\\E", "\\x{41}",
        "\\ ",      "\\#",   "a\\-b", "[[:alpha:]]", "[a[b]",      "[]a]",     "[^]a]",   "(?i)a",
        "(?P<x>a)", "(?=a)", "a{,3}", "a{",          "{a}",        "a{1,2,3}", "a}",      "a]"}) {
    EXPECT_FALSE(why_not(foreign).empty()) << foreign;
  }
  for (const char* portable : {"[a-z]+", "[^a]", "[^^]", "a\\.b", "[\\]\\[\\-]", "(?:a|b){2}", "a{2,}", "^a$", "a?b*",
                               "a-b", "\\{a\\}", "[{}()]", "[a\\\\]"}) {
    EXPECT_EQ(why_not(portable), "") << portable;
  }
}

TEST(Pattern, IsDescribedAsItIsApplied) {
  const auto schema = compiled("[A-Z]|[ -~]+").describe();
  EXPECT_EQ(schema.find("pattern")->text, "^(?:[A-Z]|[ -~]+)$");
  EXPECT_EQ(schema.find("maxLength")->text, "64");
  EXPECT_EQ(schema.find("not")->find("type")->text, "string") << "null is not refused by it";
}

// Backtracking takes longer than a lifetime for these.
TEST(Pattern, TakesTimeLinearInTheText) {
  const auto begin = std::chrono::steady_clock::now();
  for (const char* evil : {"(?:a+)+b", "(?:a|a)*b", "(?:a*)*b", "(?:.*a){20}b"}) {
    EXPECT_NE(refusal(compiled(evil), std::string(64, 'a')), "") << evil;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace integrity::schema
