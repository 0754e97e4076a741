// The rules for creating, changing and removing products. Knows neither HTTP nor SQL.
//
// Each function returns a write, for the caller to submit.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "catalog/expected.hpp"
#include "model/product.hpp"
#include "store/store.hpp"

namespace integrity::catalog {

struct NewProduct {
  std::string name;
  Money price;
  std::int64_t stock = 0;
  std::optional<std::string> description = {};
  std::optional<std::string> sku = {};
  std::optional<std::string> currency = {};  // none: the server's default
};

// The fields to change. An empty one keeps its value; an inner nullopt clears it.
struct ProductChange {
  std::optional<std::string> name = {};
  std::optional<Money> price = {};
  std::optional<std::int64_t> stock = {};
  std::optional<std::optional<std::string>> description = {};
  std::optional<std::optional<std::string>> sku = {};
  std::optional<std::string> currency = {};
};

struct StockMovement {
  std::int64_t delta = 0;                     // how many came in; below zero, how many went out
  std::optional<std::string> reason = {};     // for people
  std::optional<std::string> reference = {};  // in another system: an order, a delivery note
};

struct CatalogRules {
  std::string currency = "EUR";
  bool require_version = false;
};

struct Done {};

class Catalog {
 public:
  Catalog(Random& random, const Clock& clock, CatalogRules rules)
      : random_(random), clock_(clock), rules_(std::move(rules)) {}

  store::WriteFunction<model::Product> create(const model::Attribution& attribution, NewProduct product);  // sku_taken
  // Errors, in this order: not_found, precondition_required, precondition_failed, invalid_value, sku_taken.
  store::WriteFunction<model::Product> change(const model::Attribution& attribution, const ProductId& id,
                                              ProductChange change, Expected expected) const;
  // Errors: not_found, precondition_failed, insufficient_stock, invalid_value above the maximum.
  store::WriteFunction<model::Product> move_stock(const model::Attribution& attribution, const ProductId& id,
                                                  StockMovement movement, Expected expected) const;
  store::WriteFunction<Done> remove(const model::Attribution& attribution, const ProductId& id,
                                    Expected expected) const;

 private:
  enum class Version : std::uint8_t { optional, by_rule };  // by_rule: mandatory with --require-version
  Result<model::Product> current(store::ReadTx& tx, const ProductId& id, const Expected& expected,
                                 Version version) const;

  Random& random_;
  const Clock& clock_;
  CatalogRules rules_;
};

}  // namespace integrity::catalog
