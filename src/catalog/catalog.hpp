// Products: creating, reading, changing and removing them, by the rules of product.md. Knows neither HTTP nor SQL.
//
// Changes are returned as writes, for the caller to submit; reads take the transaction they read in.
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/product.hpp"
#include "store/store.hpp"

namespace integrity::catalog {

struct NewProduct {
  std::string name;
  Money price;
  std::int64_t stock = 0;
  std::optional<std::string> description = {};
  std::optional<std::string> sku = {};
  std::optional<std::string> currency = {};  // the server's default where none is named
};

// What a PUT says: fields left out keep their value; an inner nullopt clears.
struct ProductChange {
  std::optional<std::string> name = {};
  std::optional<Money> price = {};
  std::optional<std::int64_t> stock = {};
  std::optional<std::optional<std::string>> description = {};
  std::optional<std::optional<std::string>> sku = {};
  std::optional<std::string> currency = {};
};

// Which version a change was made on, as far as the client says.
struct Expected {
  // If-Match or If-None-Match: the versions it lists; without a value the header was not sent.
  struct Match {
    bool any = false;  // "*": whatever is there
    std::vector<std::int64_t> versions = {};
    std::vector<std::int64_t> weak = {};  // named by weak tags, which do not count in If-Match
    bool has(std::int64_t current) const {
      return any || std::find(versions.begin(), versions.end(), current) != versions.end();
    }
  };
  std::optional<Match> if_match = {};
  std::optional<Match> if_none_match = {};
  // Members of a body that GET gave: they must be those of the current record.
  std::optional<std::int64_t> version = {};
  std::optional<std::string> id = {};
  std::optional<std::string> created_at = {};
  std::optional<std::string> updated_at = {};
};

// Why an If-Match does not hold for a record at this version.
Error if_match_failed(const Expected::Match& match, std::int64_t version);

// So many came (positive) or went (negative).
struct StockMovement {
  std::int64_t delta = 0;
  std::optional<std::string> reason = {};     // why
  std::optional<std::string> reference = {};  // an order, a delivery: another system's name for the occasion
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
  enum class Version : std::uint8_t { optional, by_rule };  // by_rule: mandatory where the operator says so
  Result<model::Product> current(store::ReadTx& tx, const ProductId& id, const Expected& expected,
                                 Version version) const;

  Random& random_;
  const Clock& clock_;
  CatalogRules rules_;
};

}  // namespace integrity::catalog
