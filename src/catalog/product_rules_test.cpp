#include "catalog/product_rules.hpp"

#include <gtest/gtest.h>

#include "base/json_document.hpp"

namespace integrity::catalog {
namespace {

// The options are the process's: each test puts back what the server has without any.
struct ProductRules : testing::Test {
  ~ProductRules() override { set_text_options({}); }

  static void use_pattern(std::string_view expression) {
    set_text_options({.sku_pattern = *schema::Pattern::compile(expression, model::product_sku.max)});
  }
  template <class Rule>
  static std::optional<std::string> read(const Rule& rule, std::string_view text) {
    std::string why;
    return rule.read(json::string(text), why);
  }
};

TEST_F(ProductRules, OfASkuAreStrictWithoutAPattern) {
  for (const auto* sku : {"L-1", "a.b_c/D"}) {
    EXPECT_TRUE(read(sku_rule, sku)) << sku;
    EXPECT_TRUE(read(stored_sku_rule, sku)) << sku;
  }
  for (const auto* sku : {"A 1", "é", "", "#"}) {
    EXPECT_FALSE(read(sku_rule, sku)) << sku;
    EXPECT_FALSE(read(stored_sku_rule, sku)) << sku;
  }
}

TEST_F(ProductRules, OfASkuFollowThePattern) {
  use_pattern("[A-Z] [0-9]");
  EXPECT_TRUE(read(sku_rule, "A 1"));
  EXPECT_FALSE(read(sku_rule, "L-1")) << "the pattern replaces the usual rule";
  EXPECT_EQ(sku_rule.describe().find("pattern")->text, "^(?:[A-Z] [0-9])$");
}

TEST_F(ProductRules, FindASkuOfAnEarlierPattern) {
  use_pattern("[A-Z] [0-9]");
  EXPECT_TRUE(read(stored_sku_rule, "L-1"));
  EXPECT_FALSE(read(stored_sku_rule, std::string(65, 'a')));
}

TEST_F(ProductRules, OfADescriptionRefuseCarriageReturns) {
  EXPECT_FALSE(read(description_rule, "a\r\nb"));
  EXPECT_EQ(read(description_rule, "a\nb\tc"), "a\nb\tc");
}

TEST_F(ProductRules, OfADescriptionNormalizeNewlines) {
  set_text_options({.normalize_newlines = true});
  const std::pair<const char*, const char*> kCases[] = {
      {"a\r\nb", "a\nb"}, {"a\rb", "a\nb"},       {"a\nb", "a\nb"}, {"\r\r\n\n\r", "\n\n\n\n"},
      {"\r", "\n"},       {"a\tb\r\n", "a\tb\n"}, {"", ""}};
  for (const auto& [sent, stored] : kCases) EXPECT_EQ(read(description_rule, sent), stored);
  EXPECT_FALSE(read(description_rule, std::string_view("a\0b", 3)));

  std::string longest;
  for (int i = 0; i < 4000; ++i) longest += "\r\n";
  EXPECT_EQ(read(description_rule, longest), std::string(4000, '\n')) << "the length is that of what is stored";
  EXPECT_FALSE(read(description_rule, longest + '\r'));
  EXPECT_FALSE(read(model::product_name, "a\r\nb")) << "of descriptions only";
}

}  // namespace
}  // namespace integrity::catalog
