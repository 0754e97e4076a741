// Products and queries for them. Values only: the rules are in catalog/.
#pragma once
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.hpp"
#include "base/id.hpp"
#include "base/time.hpp"
#include "schema/object.hpp"

namespace integrity::model {

inline constexpr std::int64_t stock_max = 9'007'199'254'740'991;  // 2^53-1: exact in every JSON reader

struct Product {
  ProductId id;
  std::optional<std::string> sku = {};  // unique
  std::string name;
  std::optional<std::string> description = {};
  Money price;
  std::string currency;  // ISO 4217
  std::int64_t stock = 0;
  std::int64_t version = 1;
  Time created_at{};
  Time updated_at{};

  bool operator==(const Product&) const = default;
};

// What a product's members may be as they are stored: the same for answers and the history. Requests have rules of
// their own for sku and description (catalog/product_rules.hpp).
inline constexpr schema::Text product_name{.min = 1, .max = 200};
inline constexpr schema::Text product_description{.max = 4000, .lines = schema::Text::Lines::many};
inline constexpr schema::Text product_sku{.min = 1, .max = 64};
inline constexpr schema::Integer product_stock{.min = 0, .max = stock_max};
inline constexpr schema::NonZero stock_delta{{.min = -stock_max, .max = stock_max}};
inline constexpr schema::Integer product_version{.min = 1, .max = stock_max};
// ISO 4217, the codes of currencies in use (list one, 2024-06-25).
extern const schema::OneOf product_currency;

inline auto fields(const Product*) {
  using schema::nullable, schema::required;
  return std::tuple{required("id", &Product::id, schema::Hex24<ProductId>{}),
                    nullable("sku", &Product::sku, product_sku, "your own number for it; unique"),
                    required("name", &Product::name, product_name),
                    nullable("description", &Product::description, product_description),
                    required("price", &Product::price, schema::Amount{schema::Amount::Side::answer},
                             "exact, with at least two places"),
                    required("currency", &Product::currency, product_currency, "ISO 4217"),
                    required("stock", &Product::stock, product_stock),
                    required("version", &Product::version, product_version, "counts its changes; the ETag as well"),
                    required("created_at", &Product::created_at, schema::Timestamp{}),
                    required("updated_at", &Product::updated_at, schema::Timestamp{})};
}
constexpr std::string_view schema_name(const Product*) {
  return "Product";
}

// The product as clients and the history see it, appended as one JSON object.
void append_json(std::string& out, const Product& product);

// About how long a product is as JSON: exact enough for bounds of memory.
inline std::size_t bytes_about(const Product& product) {
  constexpr std::size_t beside_texts = 220;
  return beside_texts + product.name.size() + (product.description ? product.description->size() : 0);
}

// A product written once and sent many times.
struct RenderedProduct {
  ProductId id;
  std::int64_t version = 0;
  std::string json;

  explicit RenderedProduct(const Product& product) : id(product.id), version(product.version) {
    append_json(json, product);
  }
};

// What products are searched and sorted by. An engine gets these functions (of catalog/words.hpp) when it is opened,
// stores their results with the products, and makes them again when the version differs.
struct ProductText {
  int version = 0;
  std::string (*sort_key)(std::string_view name) = nullptr;
  std::vector<std::string> (*words_of)(const Product& product) = nullptr;  // each once, sorted
  // The same words with a space after each, in any order, repetitions included: for an index that splits text itself.
  std::string (*word_text)(const Product& product) = nullptr;
};

// Includes both ends. A missing end is open.
struct Range {
  std::optional<std::int64_t> min = {}, max = {};

  bool given() const { return min || max; }
  bool has(std::int64_t value) const { return (!min || value >= *min) && (!max || value <= *max); }
};

enum class ProductKey : std::uint8_t { created_at, name, price, stock, updated_at };

struct ProductOrder {
  ProductKey by = ProductKey::created_at;
  bool descending = false;
};

// Products that match all given filters, in this order. Products with equal keys come in an order of the engine's own,
// which never changes.
struct ProductQuery {
  std::optional<std::string> sku = {};
  std::vector<std::string> words = {};  // folded; all must occur, the last one as the beginning of a word
  Range price = {};                     // in units of Money
  Range stock = {};
  ProductOrder order = {};
  std::string after = {};  // ProductPage::next of the previous page, with the same filters and order
  std::size_t limit = 100;
  // The page ends after the product with which it reaches about so many bytes (bytes_about). One product can have 17
  // KB.
  std::size_t bytes_max = std::numeric_limits<std::size_t>::max();
  // The search ends after about this time. It always does a little work, so that every page makes progress.
  std::optional<std::chrono::milliseconds> time_max = {};
};

// A page written once and sent many times: a JSON array.
struct RenderedPage {
  std::string json;
  std::string next;
  std::size_t count = 0;
};

struct ProductPage {
  std::vector<Product> products;
  std::string next;  // where the next page begins, in bytes of the engine's own; empty: this is the last page
};

}  // namespace integrity::model
