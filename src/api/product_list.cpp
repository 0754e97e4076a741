// GET /products: the whole list or pages, with filters, words and orders.
#include <algorithm>
#include <utility>

#include "api/endpoints.hpp"
#include "api/page.hpp"
#include "catalog/product_rules.hpp"
#include "catalog/words.hpp"

namespace integrity::api {
namespace {

using model::Product;
using model::ProductKey;
using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

// Threads (ARCHITECTURE.md, "Life of a request"): pages of up to `page_limit_default` products in one order, and the
// product of a sku, are read on the connection's thread. Everything else runs on the search pool, in the caller's lane:
// longer pages, filters, words, and each part of a whole list (with a remote store: on the store pool).

// At most so many products in a part of a whole list.
constexpr std::size_t kPartProducts = 256;

// The time limit of a page: while it is made, it holds one of the few threads of its pool.
constexpr milliseconds kSearchTime{50};

// The same on a remote store, if one index serves the page: one filter or words, in the order of that index. Each page
// begins its search again there.
constexpr milliseconds kFilterTime{500};

// The most products of a combination that no index serves.
constexpr std::size_t kFoundProducts = 8192;

// A page of at most so many bytes is sent as one body: a thousand products of three hundred bytes. Of the products
// after that only the ids are kept; the products are read again when they are sent.
constexpr std::size_t kPageBytes = 320 * 1024;
constexpr std::size_t kReadBytes = 1024 * 1024;  // at a time, to find the end of a longer page

// The key of an order, with "-" before it for descending.
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
  json::Value describe() const {
    json::Value words = json::array();
    for (const auto& [name, key] : kKeys) {
      words.items.push_back(json::string(name));
      words.items.push_back(json::string("-" + std::string(name)));
    }
    return json::object({{"type", json::string("string")}, {"enum", std::move(words)}});
  }
};

// The text in a search box.
struct Words {
  using Value = std::vector<std::string>;
  static constexpr schema::Text kText{.max = 500, .lines = schema::Text::Lines::many};
  // For each word an engine can have to read all products that contain it. Few people type ten.
  static constexpr std::size_t kMax = 32;

  std::optional<Value> read(const json::Value& json, std::string& why) const {
    const auto text = kText.read(json, why);
    if (!text) return {};
    auto words = catalog::query_words(*text);
    if (words.empty()) {
      why = "has no word in it: letters or digits";
      return {};
    }
    // Each word once. The last one stays last, since it can be the beginning of a word.
    std::sort(words.begin(), words.end() - 1);
    words.erase(std::unique(words.begin(), words.end() - 1), words.end() - 1);
    if (words.size() <= kMax) return words;
    why = "has " + std::to_string(words.size()) + " different words; at most " + std::to_string(kMax) +
          " are searched for (in a script without spaces, each pair or triple of characters counts as one)";
    return {};
  }
  json::Value describe() const { return kText.describe(); }
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
      optional(
          "q", &ListQuery::q, Words{},
          "Each word must be in name, description or sku; the last one can be the beginning of a word. Case, accents "
          "and compatible spellings (m², ＵＳＢ) make no difference. Text of scripts without spaces (Chinese, "
          "Japanese, Thai, Lao, Khmer, Myanmar) is found by any part of it. At most 32 different words."),
      optional("sort", &ListQuery::sort, Order{}, "Oldest first without it; `-` is descending."),
      optional("min_price", &ListQuery::min_price, schema::Amount{schema::Amount::Side::query}, "At least this price."),
      optional("max_price", &ListQuery::max_price, schema::Amount{schema::Amount::Side::query}, "At most this price."),
      optional("min_stock", &ListQuery::min_stock, model::product_stock, "At least this stock."),
      optional("max_stock", &ListQuery::max_stock, model::product_stock, "At most this stock."),
      optional("sku", &ListQuery::sku, catalog::stored_sku_rule, "Only the product with this sku.")};
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

// How many conditions and orders one index would have to serve at once. There is an index for each of them alone.
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

// The ids of the products on the page after those in `read`, in parts that are read and sent one after the other, each of
// about `http::part_bytes`; and the position where the page ends.
struct Rest {
  std::vector<std::vector<ProductId>> parts;
  std::string next;
};
Rest rest_of_page(store::Store& store, model::ProductQuery query, const model::RenderedPage& read, SteadyTime begin) {
  const auto time_max = query.time_max;
  query.limit -= read.count;
  query.bytes_max = kReadBytes;
  Rest rest{.parts = {}, .next = read.next};
  std::size_t bytes = http::part_bytes;  // of the last part
  while (!rest.next.empty() && query.limit > 0) {
    const auto passed = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
    if (time_max && passed >= *time_max) break;
    if (time_max) query.time_max = *time_max - passed;
    query.after = std::move(rest.next);
    auto found = store.read()->products(query);
    for (const Product& product : found.products) {
      if (bytes >= http::part_bytes) {
        rest.parts.emplace_back();
        bytes = 0;
      }
      rest.parts.back().push_back(product.id);
      bytes += model::bytes_about(product);
    }
    query.limit -= found.products.size();
    rest.next = std::move(found.next);
  }
  return rest;
}

// The JSON of `begin`, then the products of `parts` as they are when they are sent: one that has changed keeps its place
// in the list, one that has been deleted is left out.
http::BodySource in_parts(store::Store& store, RenderedPage begin, std::vector<std::vector<ProductId>> parts) {
  return [&store, begin = std::move(begin), empty = true, parts = std::move(parts),
          at = std::size_t{0}](std::string& out) mutable {
    if (begin) {
      out += std::string_view(begin->json).substr(0, begin->json.size() - 1);
      empty = begin->count == 0;
      begin = nullptr;
      return true;
    }
    for (const Product& product : store.read()->products_by_id(parts[at])) {
      if (!std::exchange(empty, false)) out += ',';
      model::append_json(out, product);
    }
    if (++at < parts.size()) return true;
    out += ']';
    return false;
  };
}

// A page of at most `query.limit` products. `limit` is that of the Link to the next page.
Result<Listed> page(const Context& context, model::ProductQuery query, std::size_t limit) {
  auto& store = context.services.store;
  query.bytes_max = kPageBytes;
  const SteadyTime begin = std::chrono::steady_clock::now();
  INTEGRITY_TRY(auto found, page_of(store, query));
  auto rest = rest_of_page(store, std::move(query), *found, begin);
  Listed answer{};
  if (!rest.next.empty()) answer.headers.push_back(next_link(context, limit, rest.next));
  if (rest.parts.empty()) {
    answer.body.body = found->json;
  } else {
    answer.body.stream = in_parts(store, std::move(found), std::move(rest.parts));
  }
  return answer;
}

// Reads and sends one part after the other, so that memory is bounded for lists of any length. When a part ends early,
// an embedded store continues with a seek; a remote store begins its search again, so it gets more time.
Listed whole(const Context& context, model::ProductQuery query) {
  query.limit = kPartProducts;
  query.bytes_max = http::part_bytes;
  query.time_max = context.services.store.remote() ? kFilterTime : kSearchTime;
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

Result<Searched<Listed>> list(const Context& context, const auth::Principal&, Query<ListQuery> asked) {
  const bool paged = asked->limit || asked->cursor;
  const auto limit = static_cast<std::size_t>(asked->limit.value_or(page_limit_default));
  INTEGRITY_TRY(auto after, position_of(context, asked->cursor));
  auto query = query_of(std::move(asked.value), std::move(after));
  const int wanted = demands(query);
  if (paged) {
    query.limit = limit;
    if (wanted > 0) query.time_max = wanted > 1 || !context.services.store.remote() ? kSearchTime : kFilterTime;
    return Searched<Listed>{[&context, limit, query = std::move(query)] { return page(context, query, limit); },
                            wanted == 0 && limit <= static_cast<std::size_t>(page_limit_default)};
  }
  if (wanted > 1) {  // the whole list if it is found in time, otherwise a page and a Link
    query.limit = kFoundProducts;
    query.time_max = kSearchTime;
    return Searched<Listed>{[&context, query = std::move(query)] {
      return page(context, query, static_cast<std::size_t>(page_limit.max));
    }};
  }
  return Searched<Listed>{[&context, query = std::move(query)]() -> Result<Listed> { return whole(context, query); },
                          true};
}

}  // namespace

namespace products {

OperationFor<auth::Principal> list() {
  return operation("listProducts", "Products: all of them, or page by page; filtered, searched and sorted",
                   {Code::overloaded}, &api::list)
      .described(
          "A product must meet all conditions. A page can be shorter than `limit`; only a page without `Link` is the "
          "last one.")
      .checking_query(&check_cursor)
      .giving({header::link})
      .example({"all", "A catalogue of one product", "",
                R"([{"id":"6925142bbf57d9d3a4b1c0de","sku":"L-1","name":"Lamp","description":null,)"
                R"("price":129.90,"currency":"EUR","stock":5,"version":1,)"
                R"("created_at":"2026-11-23T10:00:15.000Z","updated_at":"2026-11-23T10:00:15.000Z"}])"});
}

}  // namespace products
}  // namespace integrity::api
