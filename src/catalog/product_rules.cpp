#include "catalog/product_rules.hpp"

#include <utility>

namespace integrity::catalog {
namespace {

constexpr schema::Word kSku{.min = 1, .max = model::product_sku.max, .also = "._/-"};

TextOptions options;

schema::Text description() {
  using Lines = schema::Text::Lines;
  return {.max = model::product_description.max, .lines = options.normalize_newlines ? Lines::normalized : Lines::many};
}

}  // namespace

void set_text_options(TextOptions chosen) {
  options = std::move(chosen);
}

std::optional<std::string> SkuRule::read(const json::Value& json, std::string& why) const {
  return options.sku_pattern ? options.sku_pattern->read(json, why) : kSku.read(json, why);
}

json::Value SkuRule::describe() const {
  return options.sku_pattern ? options.sku_pattern->describe() : kSku.describe();
}

std::optional<std::string> StoredSkuRule::read(const json::Value& json, std::string& why) const {
  return options.sku_pattern ? model::product_sku.read(json, why) : kSku.read(json, why);
}

json::Value StoredSkuRule::describe() const {
  return options.sku_pattern ? model::product_sku.describe() : kSku.describe();
}

std::optional<std::string> DescriptionRule::read(const json::Value& json, std::string& why) const {
  return description().read(json, why);
}

json::Value DescriptionRule::describe() const {
  return description().describe();
}

}  // namespace integrity::catalog
