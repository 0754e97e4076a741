// A product and the questions one may ask about products. Values only: rules live in catalog/.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

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

// What a product's members may be: the same for requests, answers and the history.
inline constexpr schema::Text product_name{.min = 1, .max = 200};
inline constexpr schema::Text product_description{.max = 4000, .lines = schema::Text::Lines::many};
inline constexpr schema::Word product_sku{.min = 1, .max = 64, .also = "._/-"};
inline constexpr schema::Integer product_stock{.min = 0, .max = stock_max};
inline constexpr schema::Integer product_version{.min = 1, .max = stock_max};
// ISO 4217, the codes of currencies in use (list one, 2024-06-25).
extern const schema::OneOf product_currency;

inline auto fields(const Product*) {
  using schema::nullable, schema::required;
  return std::tuple{required("id", &Product::id, schema::Hex24<ProductId>{}),
                    nullable("sku", &Product::sku, product_sku),
                    required("name", &Product::name, product_name),
                    nullable("description", &Product::description, product_description),
                    required("price", &Product::price, schema::Amount{schema::Amount::Side::answer}),
                    required("currency", &Product::currency, product_currency),
                    required("stock", &Product::stock, product_stock),
                    required("version", &Product::version, product_version),
                    required("created_at", &Product::created_at, schema::Timestamp{}),
                    required("updated_at", &Product::updated_at, schema::Timestamp{})};
}

// The product as clients and the history see it, appended as one JSON object.
void append_json(std::string& out, const Product& product);

// A product written once and sent many times.
struct RenderedProduct {
  ProductId id;
  std::int64_t version = 0;
  std::string json;

  explicit RenderedProduct(const Product& product) : id(product.id), version(product.version) {
    append_json(json, product);
  }
};

// Where a page ended: the next one begins behind it. Default order: oldest first, ids break ties.
struct ProductPosition {
  Time created_at{};
  ProductId id;
};

struct ProductQuery {
  std::optional<std::string> sku = {};
  std::optional<ProductPosition> after = {};
  std::size_t limit = 100;
};

}  // namespace integrity::model
