// GET /products: whole or in pages, by filters, words and orders.
#include <algorithm>

#include "api/endpoints.hpp"
#include "api/page.hpp"
#include "catalog/words.hpp"

namespace integrity::api {
namespace {

using model::Product;
using model::ProductKey;
using std::chrono::milliseconds;

// Of a whole list, before it is sent: so many products, or as many as are found in this time.
constexpr std::size_t kPartProducts = 256;
constexpr milliseconds kPartTime{2};  // on a connection's thread, where others wait

// Of a combination of filters and order that no index serves: searched this long, so many at a time, up to a bound.
constexpr milliseconds kSearchTime{50};
constexpr std::size_t kFoundProducts = 2048;
constexpr std::size_t kUnpagedBytes = 8 * 1024 * 1024;

// A word that a list is sorted by, with "-" for descending.
struct Order {
  using Value = model::ProductOrder;
  static constexpr std::array<std::pair<std::string_view, ProductKey>, 5> kKeys{
      {{"created_at", ProductKey::created_at},
       {"name", ProductKey::name},
       {"price", ProductKey::price},
       {"stock", ProductKey::stock},
       {"updated_at", ProductKey::updated_at}}};

  std::optional<model::ProductOrder> read(const json::Value& json, std::string& why) const {
    const bool descending = json.text.starts_with('-');
    const auto word = std::string_view(json.text).substr(descending ? 1 : 0);
    for (const auto& [name, key] : kKeys) {
      if (name == word) return model::ProductOrder{key, descending};
    }
    why = "must be one of created_at, name, price, stock and updated_at, with - before it for descending";
    return {};
  }
  std::string describe() const {
    std::string out = R"({"type":"string","enum":[)";
    for (const auto& [name, key] : kKeys) {
      if (out.back() != '[') out += ',';
      out += json::quoted(name) + ',' + json::quoted("-" + std::string(name));
    }
    return out + "]}";
  }
};

// What is typed into a search box.
struct Words {
  using Value = std::vector<std::string>;
  static constexpr schema::Text kText{.max = 500, .lines = schema::Text::Lines::many};

  std::optional<Value> read(const json::Value& json, std::string& why) const {
    const auto text = kText.read(json, why);
    if (!text) return {};
    auto words = catalog::words(*text);
    if (!words.empty()) return words;
    why = "has no word in it: letters or digits";
    return {};
  }
  std::string describe() const { return kText.describe(); }
};

struct ListQuery {
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor, sku;
  std::optional<std::vector<std::string>> q;
  std::optional<model::ProductOrder> sort;
  std::optional<Money> min_price, max_price;
  std::optional<std::int64_t> min_stock, max_stock;
};
auto fields(const ListQuery*) {
  using schema::optional;
  return std::tuple{
      optional("limit", &ListQuery::limit, page_limit, page_limit_about),
      optional("cursor", &ListQuery::cursor, page_cursor, page_cursor_about),
      optional("q", &ListQuery::q, Words{},
               "Words that name, description or sku must have, each; the last may be the beginning of one."),
      optional("sort", &ListQuery::sort, Order{}, "Oldest first without it; `-` is descending."),
      optional("min_price", &ListQuery::min_price, schema::Amount{}, "At this price or above."),
      optional("max_price", &ListQuery::max_price, schema::Amount{}, "At this price or below."),
      optional("min_stock", &ListQuery::min_stock, model::product_stock, "At least so many."),
      optional("max_stock", &ListQuery::max_stock, model::product_stock, "At most so many."),
      optional("sku", &ListQuery::sku, model::product_sku, "Only the product with this sku.")};
}
void check(const ListQuery*, const Context& context, const json::Value& query, std::vector<FieldError>& errors) {
  check_cursor(context, query, errors);
}

model::ProductQuery query_of(ListQuery asked, std::string after) {
  const auto units = [](const std::optional<Money>& money) {
    return money ? std::optional(money->units) : std::nullopt;
  };
  return {.sku = std::move(asked.sku),
          .words = std::move(asked.q).value_or(std::vector<std::string>{}),
          .price = {units(asked.min_price), units(asked.max_price)},
          .stock = {asked.min_stock, asked.max_stock},
          .order = asked.sort.value_or(model::ProductOrder{}),
          .after = std::move(after)};
}

// How many things an index would have to serve at once. Each single one has its index.
int demands(const model::ProductQuery& query) {
  if (query.sku) return 0;
  const auto by = query.order.by;
  return (query.words.empty() ? 0 : 1) + (query.price.given() && by != ProductKey::price ? 1 : 0) +
         (query.stock.given() && by != ProductKey::stock ? 1 : 0) + (by != ProductKey::created_at ? 1 : 0);
}

using RenderedPage = std::shared_ptr<const model::RenderedPage>;

Result<RenderedPage> page_of(store::Store& store, const model::ProductQuery& query) {
  try {
    return store.read()->rendered_products(query);
  } catch (const store::UnknownPosition&) {
    return Error{Code::invalid_value,
                 "a value is not acceptable: see errors",
                 {{FieldError::In::query, "cursor", "is of another store: begin again without it"}}};
  }
}

using Listed = Ok<JsonList<Product>>;

Result<Listed> page(const Context& context, const model::ProductQuery& query) {
  INTEGRITY_TRY(const auto found, page_of(context.services.store, query));
  Listed answer{{.body = found->json}};
  if (!found->next.empty()) answer.headers.push_back(next_link(context, query.limit, found->next));
  return answer;
}

// A combination without `limit`: the whole list if it is found in time; the part that was, and a Link, if not.
Result<Listed> as_much_as_is_found(const Context& context, model::ProductQuery query) {
  const auto begin = std::chrono::steady_clock::now();
  query.limit = kFoundProducts;
  query.time_max = kSearchTime;
  Listed answer{{.body = "["}};
  std::string& body = answer.body.body;
  for (;;) {
    INTEGRITY_TRY(const auto found, page_of(context.services.store, query));
    const auto part = std::string_view(found->json).substr(1, found->json.size() - 2);
    if (body.size() > 1 && !part.empty()) body += ',';
    body += part;
    query.after = found->next;
    if (query.after.empty()) break;
    const auto passed = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
    if (passed >= kSearchTime || body.size() >= kUnpagedBytes) {
      answer.headers.push_back(next_link(context, static_cast<std::size_t>(page_limit.max), query.after));
      break;
    }
    query.time_max = kSearchTime - passed;
  }
  body += ']';
  return answer;
}

// Read and sent part by part, so memory stays bounded however long the list is.
Listed whole(const Context& context, model::ProductQuery query) {
  query.limit = kPartProducts;
  query.time_max = kPartTime;
  Listed answer{};
  answer.body.stream = [&store = context.services.store, query, begun = false, empty = true](std::string& out) mutable {
    const auto found = store.read()->products(query);
    if (!begun) out += '[';
    begun = true;
    for (const Product& product : found.products) {
      if (!empty) out += ',';
      empty = false;
      model::append_json(out, product);
    }
    query.after = found.next;
    if (!query.after.empty()) return true;
    out += ']';
    return false;
  };
  return answer;
}

Result<Searched<Listed>> list(const Context& context, const auth::SignedIn&, Query<ListQuery> asked) {
  const bool paged = asked->limit || asked->cursor;
  const auto limit = static_cast<std::size_t>(asked->limit.value_or(page_limit_default));
  INTEGRITY_TRY(auto after, position_of(context, asked->cursor));
  auto query = query_of(std::move(asked.value), std::move(after));
  const int wanted = demands(query);
  if (paged) {
    query.limit = limit;
    if (wanted > 1) query.time_max = kSearchTime;
    return Searched<Listed>{[&context, query = std::move(query)] { return page(context, query); }, wanted == 0};
  }
  if (wanted > 1) {
    return Searched<Listed>{[&context, query = std::move(query)] { return as_much_as_is_found(context, query); }};
  }
  return Searched<Listed>{[&context, query = std::move(query)]() -> Result<Listed> { return whole(context, query); },
                          true};
}

}  // namespace

namespace products {

Operation list() {
  return operation("listProducts", "Products: all of them, or page by page; filtered, searched and sorted",
                   {Code::overloaded}, &api::list)
      .giving({header::link})
      .example({"all", "A catalogue of one product", "",
                R"([{"id":"6925142bbf57d9d3a4b1c0de","sku":"L-1","name":"Lamp","description":null,)"
                R"("price":129.90,"currency":"EUR","stock":5,"version":1,)"
                R"("created_at":"2026-11-23T10:00:15.000Z","updated_at":"2026-11-23T10:00:15.000Z"}])"});
}

}  // namespace products
}  // namespace integrity::api
