#include <algorithm>
#include <array>

#include "api/endpoints.hpp"
#include "api/preconditions.hpp"
#include "catalog/product_rules.hpp"

namespace integrity::api {
namespace {

using model::Product;
using Text = std::optional<std::string>;

struct CreateBody {
  std::string name;
  Money price;
  std::int64_t stock = 0;
  Text description, sku, currency;
};
auto fields(const CreateBody*) {
  using schema::nullable, schema::optional, schema::required;
  return std::tuple{required("name", &CreateBody::name, model::product_name),
                    required("price", &CreateBody::price, schema::Amount{}),
                    required("stock", &CreateBody::stock, model::product_stock),
                    nullable("description", &CreateBody::description, catalog::description_rule),
                    nullable("sku", &CreateBody::sku, catalog::sku_rule, "your own number for it; unique"),
                    optional("currency", &CreateBody::currency, model::product_currency,
                             "ISO 4217; the server's default when left out")};
}
constexpr std::string_view schema_name(const CreateBody*) {
  return "ProductCreation";
}

struct StockBody {
  std::int64_t delta = 0;
  Text reason, reference;
};
auto fields(const StockBody*) {
  using schema::nullable, schema::required;
  return std::tuple{
      required("delta", &StockBody::delta, model::stock_delta, "how many come in; below zero, how many go out"),
      nullable("reason", &StockBody::reason, model::change_reason, "why; kept in the history"),
      nullable("reference", &StockBody::reference, model::change_reference, "an order, a delivery note")};
}
constexpr std::string_view schema_name(const StockBody*) {
  return "StockMovement";
}

// Members of ChangeBody that cannot change. A body needs at least one other member.
constexpr std::array<std::string_view, 4> kUnchangeable{"version", "id", "created_at", "updated_at"};

void expect_a_change(const json::Value& json, std::vector<FieldError>& errors) {
  const bool no_change = std::all_of(json.names.begin(), json.names.end(), [](const std::string& name) {
    return std::find(kUnchangeable.begin(), kUnchangeable.end(), name) != kUnchangeable.end();
  });
  if (no_change) errors.push_back({FieldError::In::body, "#", "name at least one field to change"});
}

// As `not`, which generators ignore. An anyOf next to properties makes them generate types that do not compile.
json::Value a_change_described() {
  json::Value names = json::object({{"enum", json::strings({kUnchangeable.begin(), kUnchangeable.end()})}});
  return json::object({{"not", json::object({{"propertyNames", std::move(names)}})}});
}

// The members that can change, and the others of a body that GET gave.
struct ChangeBody {
  Text name;
  std::optional<Money> price;
  std::optional<std::int64_t> stock;
  std::optional<Text> description, sku;
  Text currency;
  std::optional<std::int64_t> version;
  Text id, created_at, updated_at;
};
auto fields(const ChangeBody*) {
  using schema::clearable, schema::optional;
  return std::tuple{
      optional("name", &ChangeBody::name, model::product_name),
      optional("price", &ChangeBody::price, schema::Amount{}),
      optional("stock", &ChangeBody::stock, model::product_stock),
      clearable("description", &ChangeBody::description, catalog::description_rule, "null clears it"),
      clearable("sku", &ChangeBody::sku, catalog::sku_rule, "null clears it"),
      optional("currency", &ChangeBody::currency, model::product_currency),
      optional("version", &ChangeBody::version, model::product_version, "what you saw; 412 when it is stale"),
      optional("id", &ChangeBody::id, schema::Opaque{}, "cannot change: as GET gave it"),
      optional("created_at", &ChangeBody::created_at, schema::Opaque{}, "cannot change: as GET gave it"),
      optional("updated_at", &ChangeBody::updated_at, schema::Opaque{}, "cannot change: as GET gave it"),
      schema::together(&expect_a_change, &a_change_described)};
}
constexpr std::string_view schema_name(const ChangeBody*) {
  return "ProductChange";
}

Result<ProductId> product_id(const Context& context) {
  const auto id = ProductId::parse(context.parameters.front());
  if (!id) return not_found();  // an id that cannot exist is not there
  return *id;
}

Result<Write<Created<Product>>> create(const Context& context, const auth::Principal& caller, CreateBody body) {
  auto write = context.services.catalog.create(caller.attribution(), {.name = std::move(body.name),
                                                                      .price = body.price,
                                                                      .stock = body.stock,
                                                                      .description = std::move(body.description),
                                                                      .sku = std::move(body.sku),
                                                                      .currency = std::move(body.currency)});
  return Write<Created<Product>>{[write = std::move(write)](store::WriteTx& tx) -> Result<Created<Product>> {
    INTEGRITY_TRY(auto product, write(tx));
    Headers headers{{"Location", "/products/" + product.id.hex()}, {"ETag", etag(product.version)}};
    return Created<Product>{std::move(product), std::move(headers)};
  }};
}

Result<Ok<Rendered<Product>>> get(const Context& context, const auth::Principal&, store::ReadTx& tx) {
  INTEGRITY_TRY(const auto known, expected(context));
  INTEGRITY_TRY(const auto id, product_id(context));
  const auto product = tx.rendered_product(id);
  if (!product) return not_found();
  if (known.if_match && !known.if_match->has(product->version)) {
    return catalog::if_match_failed(*known.if_match, product->version, "the product");
  }
  Ok<Rendered<Product>> answer{{product->json}, {{"ETag", etag(product->version)}}};
  answer.not_modified = known.if_none_match && known.if_none_match->has(product->version);
  return answer;
}

Result<Write<Ok<Product>>> change(const Context& context, const auth::Principal& caller, ChangeBody body) {
  catalog::ProductChange change{.name = std::move(body.name),
                                .price = body.price,
                                .stock = body.stock,
                                .description = std::move(body.description),
                                .sku = std::move(body.sku),
                                .currency = std::move(body.currency)};
  INTEGRITY_TRY(auto seen, expected(context));
  seen.version = body.version;
  seen.id = std::move(body.id);
  seen.created_at = std::move(body.created_at);
  seen.updated_at = std::move(body.updated_at);
  INTEGRITY_TRY(const auto id, product_id(context));
  auto write = context.services.catalog.change(caller.attribution(), id, std::move(change), std::move(seen));
  return Write<Ok<Product>>{[write = std::move(write)](store::WriteTx& tx) -> Result<Ok<Product>> {
    INTEGRITY_TRY(auto product, write(tx));
    // No ETag, since the stored product is not byte for byte the request's body (RFC 9110 §9.3.4).
    return Ok<Product>{std::move(product)};
  }};
}

Result<Write<Ok<Product>>> move_stock(const Context& context, const auth::Principal& caller, StockBody body) {
  INTEGRITY_TRY(auto seen, expected(context));
  INTEGRITY_TRY(const auto id, product_id(context));
  auto write = context.services.catalog.move_stock(
      caller.attribution(), id, {body.delta, std::move(body.reason), std::move(body.reference)}, std::move(seen));
  return Write<Ok<Product>>{[write = std::move(write)](store::WriteTx& tx) -> Result<Ok<Product>> {
    INTEGRITY_TRY(auto product, write(tx));
    Headers headers{{"ETag", etag(product.version)}};
    return Ok<Product>{std::move(product), std::move(headers)};
  }};
}

Result<Write<NoContent>> remove(const Context& context, const auth::Principal& caller) {
  INTEGRITY_TRY(auto seen, expected(context));
  INTEGRITY_TRY(const auto id, product_id(context));
  auto write = context.services.catalog.remove(caller.attribution(), id, std::move(seen));
  return Write<NoContent>{[write = std::move(write)](store::WriteTx& tx) -> Result<NoContent> {
    INTEGRITY_CHECK(write(tx));
    return NoContent{};
  }};
}

// The product of the examples: as it is created, and after changes.
constexpr std::string_view kLamp =
    R"({"id":"6925142bbf57d9d3a4b1c0de","sku":"L-1","name":"Lamp","description":null,"price":129.90,"currency":"EUR",)"
    R"("stock":5,"version":1,"created_at":"2026-11-23T10:00:15.000Z","updated_at":"2026-11-23T10:00:15.000Z"})";
constexpr std::string_view kCheaperLamp =
    R"({"id":"6925142bbf57d9d3a4b1c0de","sku":"L-1","name":"Lamp","description":null,"price":119.50,"currency":"EUR",)"
    R"("stock":5,"version":2,"created_at":"2026-11-23T10:00:15.000Z","updated_at":"2026-11-23T10:00:15.000Z"})";
constexpr std::string_view kSoldLamp =
    R"({"id":"6925142bbf57d9d3a4b1c0de","sku":"L-1","name":"Lamp","description":null,"price":129.90,"currency":"EUR",)"
    R"("stock":3,"version":2,"created_at":"2026-11-23T10:00:15.000Z","updated_at":"2026-11-23T10:00:15.000Z"})";

}  // namespace

namespace products {

OperationFor<auth::Principal> create() {
  return operation("createProduct", "Add a product", {Code::sku_taken}, &api::create)
      .described(
          "Without `currency` it has the server's default. With an `Idempotency-Key` the request can safely be sent "
          "again.")
      .giving({header::location, header::etag})
      .example({"lamp", "A lamp with a sku", R"({"name":"Lamp","price":129.90,"stock":5,"sku":"L-1"})", kLamp})
      .idempotent();
}

OperationFor<auth::Principal> get() {
  return operation("getProduct", "One product", {Code::not_found, Code::precondition_failed}, &api::get)
      .described("If you send its `ETag` in `If-None-Match`, you get 304 without a body while nothing has changed.")
      .conditional()
      .honouring({header::if_match, header::if_none_match})
      .giving({header::etag})
      .example({"lamp", "The product", "", kLamp})
      .checking_head(&readable_preconditions);
}

OperationFor<auth::Principal> change() {
  return operation("changeProduct", "Change fields of a product; those left out keep their value",
                   {Code::not_found, Code::precondition_failed, Code::precondition_required, Code::sku_taken},
                   &api::change)
      .described("You can send back a whole body that `GET` gave: its `version` then works like `If-Match`.")
      .honouring({header::if_match, header::if_none_match})
      .example({"price", "A new price", R"({"price":"119.50"})", kCheaperLamp})
      .example({"guarded", "Only if nobody changed it meanwhile", R"({"price":119.5,"version":1})", kCheaperLamp})
      .checking_head(&readable_preconditions);
}

OperationFor<auth::Principal> move_stock() {
  return operation("moveStock", "Add to the stock or take from it; it never falls below zero",
                   {Code::not_found, Code::precondition_failed, Code::insufficient_stock}, &api::move_stock)
      .described(
          "Adds `delta` in one step, so simultaneous movements all count, and nobody has to read the stock first.")
      .honouring({header::if_match, header::if_none_match})
      .giving({header::etag})
      .example({"sold", "Two were sold", R"({"delta":-2,"reason":"sold","reference":"order 4711"})", kSoldLamp})
      .idempotent()
      .checking_head(&readable_preconditions);
}

OperationFor<auth::Principal> remove() {
  return operation("deleteProduct", "Remove a product; its history stays",
                   {Code::not_found, Code::precondition_failed, Code::precondition_required}, &api::remove)
      .described("With `If-Match`, only if it is still at that version.")
      .honouring({header::if_match, header::if_none_match})
      .checking_head(&readable_preconditions);
}

}  // namespace products
}  // namespace integrity::api
