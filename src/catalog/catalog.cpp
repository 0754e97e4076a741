#include "catalog/catalog.hpp"

#include <utility>

namespace integrity::catalog {
namespace {

Error insufficient_stock(const model::Product& product, std::int64_t delta) {
  return {Code::insufficient_stock, "there are " + std::to_string(product.stock) + " in stock, which is less than " +
                                        std::to_string(-delta) + "; nothing was changed"};
}

}  // namespace

store::WriteFunction<model::Product> Catalog::create(const model::Attribution& attribution, NewProduct from) {
  model::Product product;
  product.id = ProductId::make(clock_.now(), random_);
  product.name = std::move(from.name);
  product.description = std::move(from.description);
  product.sku = std::move(from.sku);
  product.price = from.price;
  product.currency = from.currency.value_or(rules_.currency);
  product.stock = from.stock;
  return [attribution, product = std::move(product)](store::WriteTx& tx) -> Result<model::Product> {
    model::Product created = product;
    created.created_at = created.updated_at = tx.now();
    INTEGRITY_CHECK(tx.create_product(attribution, created));
    return created;
  };
}

Result<model::Product> Catalog::current(store::ReadTx& tx, const ProductId& id, const Expected& expected,
                                        Version version) const {
  auto found = tx.product(id);
  if (!found) return not_found();
  const model::Product& product = *found;
  INTEGRITY_CHECK(
      expect_version(expected, product.version, version == Version::by_rule && rules_.require_version, "the product"));
  INTEGRITY_CHECK(expect_unchanged(expected, {.id = product.id.hex(),
                                              .created_at = to_rfc3339(product.created_at),
                                              .updated_at = to_rfc3339(product.updated_at)}));
  return std::move(*found);
}

store::WriteFunction<model::Product> Catalog::change(const model::Attribution& attribution, const ProductId& id,
                                                     ProductChange change, Expected expected) const {
  return [this, attribution, id, change = std::move(change),
          expected = std::move(expected)](store::WriteTx& tx) -> Result<model::Product> {
    INTEGRITY_TRY(const model::Product before, current(tx, id, expected, Version::by_rule));
    model::Product after = before;
    if (change.name) after.name = *change.name;
    if (change.price) after.price = *change.price;
    if (change.stock) after.stock = *change.stock;
    if (change.description) after.description = *change.description;
    if (change.sku) after.sku = *change.sku;
    if (change.currency) after.currency = *change.currency;
    INTEGRITY_CHECK(tx.update_product(attribution, "product.update", before, after));
    return after;
  };
}

store::WriteFunction<model::Product> Catalog::move_stock(const model::Attribution& attribution, const ProductId& id,
                                                         StockMovement movement, Expected expected) const {
  model::Attribution why = attribution;
  why.reason = std::move(movement.reason);
  why.reference = std::move(movement.reference);
  return [this, attribution = std::move(why), id, delta = movement.delta,
          expected = std::move(expected)](store::WriteTx& tx) -> Result<model::Product> {
    INTEGRITY_TRY(const model::Product before, current(tx, id, expected, Version::optional));
    // Both are below 2^53, so the sum is exact.
    const std::int64_t stock = before.stock + delta;
    if (stock < 0) return insufficient_stock(before, delta);
    if (stock > model::stock_max) {
      return invalid_value("#/delta", "the stock would exceed " + std::to_string(model::stock_max));
    }
    model::Product after = before;
    after.stock = stock;
    INTEGRITY_CHECK(tx.update_product(attribution, "product.stock", before, after));
    return after;
  };
}

store::WriteFunction<Done> Catalog::remove(const model::Attribution& attribution, const ProductId& id,
                                           Expected expected) const {
  return [this, attribution, id, expected = std::move(expected)](store::WriteTx& tx) -> Result<Done> {
    INTEGRITY_TRY(const model::Product before, current(tx, id, expected, Version::by_rule));
    INTEGRITY_CHECK(tx.delete_product(attribution, before));
    return Done{};
  };
}

}  // namespace integrity::catalog
