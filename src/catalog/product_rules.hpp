// Rules for texts of products in requests, as far as the operator can change them. What is stored, and therefore what
// answers carry, can also be of another time or another server: model/product.hpp has the rules for that.
#pragma once
#include <optional>
#include <string>

#include "model/product.hpp"
#include "schema/pattern.hpp"

namespace integrity::catalog {

struct TextOptions {
  std::optional<schema::Pattern> sku_pattern = {};  // --sku-pattern
  bool normalize_newlines = false;                  // --normalize-newlines
};

// For the whole process, since an operation is declared without a server at hand. Called before the first request is
// read or described: every thread reads the options without a lock.
void set_text_options(TextOptions options);

struct SkuRule {
  using Value = std::string;
  std::optional<std::string> read(const json::Value& json, std::string& why) const;
  json::Value describe() const;
};
inline constexpr SkuRule sku_rule{};

// For searches. With a pattern: any sku that can be stored, since a product keeps the sku of an earlier pattern.
struct StoredSkuRule {
  using Value = std::string;
  std::optional<std::string> read(const json::Value& json, std::string& why) const;
  json::Value describe() const;
};
inline constexpr StoredSkuRule stored_sku_rule{};

struct DescriptionRule {
  using Value = std::string;
  std::optional<std::string> read(const json::Value& json, std::string& why) const;
  json::Value describe() const;
};
inline constexpr DescriptionRule description_rule{};

}  // namespace integrity::catalog
