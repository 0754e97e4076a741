// GET /products/<pid>/history: who changed what, newest first.
#include <algorithm>
#include <limits>
#include <utility>

#include "api/actor.hpp"
#include "api/endpoints.hpp"
#include "api/page.hpp"
#include "base/decimal.hpp"

namespace integrity::api {
namespace {

using model::Change;
using model::Product;
using Text = std::optional<std::string>;

constexpr std::size_t kReadChanges = 4;  // at a time; one change with before and after can have 35 KB

struct ChangeView {
  std::optional<std::int64_t> log_index = {};  // none until there is a ledger
  Time at;
  std::optional<Actor> actor = {};  // none for a host command
  std::string op;
  std::int64_t version = 0;
  Text before, after;  // products as JSON
  Text reason, reference;
};
auto fields(const ChangeView*) {
  using schema::nullable, schema::required;
  return std::tuple{nullable("log_index", &ChangeView::log_index, schema::Integer{0, model::stock_max},
                             "its number in the ledger; null before there was one"),
                    required("at", &ChangeView::at, schema::Timestamp{}),
                    nullable("actor", &ChangeView::actor, schema::Nested<Actor>{}, "null: a command on the host"),
                    required("op", &ChangeView::op, schema::OneOf{"create update stock delete"}),
                    required("version", &ChangeView::version, model::product_version, "of the product afterwards"),
                    nullable("before", &ChangeView::before, schema::Written<Product>{}, "null for its creation"),
                    nullable("after", &ChangeView::after, schema::Written<Product>{}, "null for its deletion"),
                    nullable("reason", &ChangeView::reason, model::change_reason),
                    nullable("reference", &ChangeView::reference, model::change_reference)};
}
constexpr std::string_view schema_name(const ChangeView*) {
  return "Change";
}

struct HistoryQuery {
  std::optional<std::int64_t> limit;
  Text cursor;
};
auto fields(const HistoryQuery*) {
  return std::tuple{schema::optional("limit", &HistoryQuery::limit, page_limit, page_limit_about),
                    schema::optional("cursor", &HistoryQuery::cursor, page_cursor, page_cursor_about)};
}

Text unless_empty(std::string json) {
  if (json.empty()) return {};
  return json;
}

// A walk through the history, from new to old. What it still has to read never changes, so it can be as slow as the
// client, and a copy that runs ahead finds the same end of the page.
class Walk {
 public:
  Walk(store::Store& store, const ProductId& id, std::optional<std::int64_t> before, std::size_t count)
      : store_(store), id_(id), before_(before), left_(count) {}

  // Appends the next part of the array; false after the last one.
  bool append_part(std::string& out) {
    const auto tx = store_.read();
    if (first_) out += '[';
    for (const auto size = out.size(); !done() && out.size() - size < http::part_bytes;) {
      take(*tx, [&](const Change& change, std::string before) {
        if (!std::exchange(first_, false)) out += ',';
        schema::write(out, view(*tx, change, std::move(before)));
      });
    }
    if (done()) out += ']';
    return !done();
  }

  // Walks on without writing. The revision of the last change, if there are older ones.
  std::optional<std::int64_t> end() {
    const auto tx = store_.read();
    while (!done()) take(*tx, [](const Change&, const std::string&) {});
    return older_ ? before_ : std::nullopt;
  }

 private:
  bool done() const { return left_ == 0 || !older_; }

  // Reads one change more than it takes, for the product before the last one.
  template <class F>
  void take(store::ReadTx& tx, F each) {
    const auto count = std::min(kReadChanges, left_);
    auto changes = tx.changes(model::RecordKind::product, record_id(id_), before_, count + 1);
    older_ = changes.size() > count;
    for (std::size_t i = 0; i < std::min(changes.size(), count); ++i) {
      // An unreadable change is left out, and then the product before the newer one is unknown.
      const bool next_older = i + 1 < changes.size() && changes[i + 1].revision + 1 == changes[i].revision;
      each(changes[i], next_older ? changes[i + 1].after : std::string());
      before_ = changes[i].revision;
    }
    left_ -= count;
  }

  ChangeView view(store::ReadTx& tx, const Change& change, std::string before) {
    ChangeView view{.at = change.at,
                    .op = change.op.substr(std::string_view("product.").size()),
                    .version = change.revision,
                    .before = unless_empty(std::move(before)),
                    .after = unless_empty(change.after),
                    .reason = change.attribution.reason,
                    .reference = change.attribution.reference};
    view.actor = actors_.of(tx, change.attribution);
    return view;
  }

  store::Store& store_;
  ProductId id_;
  std::optional<std::int64_t> before_;  // the revision of the change that was taken last
  std::size_t left_;
  bool older_ = true;  // there are older changes
  bool first_ = true;
  Actors actors_;
};

using Listed = Ok<JsonList<ChangeView>>;

Listed in_parts(std::string begin, Walk rest) {
  return {{.stream = [begin = std::move(begin), rest = std::move(rest)](std::string& out) mutable {
    if (begin.empty()) return rest.append_part(out);
    out += std::exchange(begin, {});
    return true;
  }}};
}

// A page can have 35 MB. All of it is read to find its end, and again while it is sent.
Result<Listed> found(const Context& context, const HistoryQuery& asked, const std::string& position) {
  auto& store = context.services.store;
  const auto id = ProductId::parse(context.parameters.front());
  if (!id || store.read()->changes(model::RecordKind::product, record_id(*id), {}, 1).empty()) return not_found();
  if (!asked.limit && !asked.cursor) return in_parts({}, Walk(store, *id, {}, std::numeric_limits<std::size_t>::max()));
  const auto limit = static_cast<std::size_t>(asked.limit.value_or(page_limit_default));
  std::optional<std::int64_t> before;
  if (const auto number = Decimal::parse_plain(position)) before = number->scaled(0);
  Walk walk(store, *id, before, limit);
  std::string begin;
  const bool more = walk.append_part(begin);
  const auto last = Walk(walk).end();
  auto answer = more ? in_parts(std::move(begin), std::move(walk)) : Listed{{.body = std::move(begin)}};
  if (last) answer.headers.push_back(next_link(context, limit, std::to_string(*last)));
  return answer;
}

Result<Searched<Listed>> history(const Context& context, const auth::Principal&, Query<HistoryQuery> asked) {
  INTEGRITY_TRY(auto position, position_of(context, asked->cursor));
  return Searched<Listed>{[&context, asked = std::move(asked.value), position = std::move(position)] {
    return found(context, asked, position);
  }};
}

}  // namespace

namespace products {

OperationFor<auth::Principal> history() {
  return operation("getHistory", "Who changed a product, when and how; newest first, also after it was deleted",
                   {Code::not_found, Code::overloaded}, &api::history)
      .described("Each change with the product before and after it.")
      .checking_query(&check_cursor)
      .giving({header::link})
      .example({"made", "A product that was created and not changed since", "",
                R"([{"log_index":null,"at":"2026-11-23T10:00:15.000Z",)"
                R"("actor":{"id":"6925142bbf57d9d3a4b1c0df","username":"ada"},"op":"create","version":1,"before":null,)"
                R"("after":)"
                R"({"id":"6925142bbf57d9d3a4b1c0de","sku":"L-1","name":"Lamp","description":null,)"
                R"("price":129.90,"currency":"EUR","stock":5,"version":1,)"
                R"("created_at":"2026-11-23T10:00:15.000Z","updated_at":"2026-11-23T10:00:15.000Z"},)"
                R"("reason":null,"reference":null}])"});
}

}  // namespace products
}  // namespace integrity::api
