// GET /products/<pid>/history: who changed what, newest first.
#include <algorithm>
#include <map>

#include "api/endpoints.hpp"
#include "api/page.hpp"
#include "base/decimal.hpp"

namespace integrity::api {
namespace {

using model::Change;
using model::Product;
using Text = std::optional<std::string>;

constexpr std::size_t kPartChanges = 64;  // read at a time while a whole history is streamed

struct Actor {
  UserId id;
  std::string username;
};
auto fields(const Actor*) {
  return std::tuple{schema::required("id", &Actor::id, schema::Hex24<UserId>{}),
                    schema::required("username", &Actor::username, model::username_rule)};
}
constexpr std::string_view schema_name(const Actor*) {
  return "Actor";
}

struct ChangeView {
  std::optional<std::int64_t> log_index = {};  // none before there is a ledger
  Time at;
  std::optional<Actor> actor = {};  // none for an act on the host
  std::string op;
  std::int64_t version = 0;
  Text before, after;  // products as JSON
  Text reason, reference;
};
auto fields(const ChangeView*) {
  using schema::nullable, schema::required;
  return std::tuple{nullable("log_index", &ChangeView::log_index, schema::Integer{0, model::stock_max},
                             "its place in the ledger; null before there was one"),
                    required("at", &ChangeView::at, schema::Timestamp{}),
                    nullable("actor", &ChangeView::actor, schema::Nested<Actor>{}, "null: a command on the host"),
                    required("op", &ChangeView::op, schema::OneOf{"create update stock delete"}),
                    required("version", &ChangeView::version, model::product_version, "of the product afterwards"),
                    nullable("before", &ChangeView::before, schema::Written<Product>{}, "null where it was made"),
                    nullable("after", &ChangeView::after, schema::Written<Product>{}, "null where it was deleted"),
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
void check(const HistoryQuery*, const Context& context, const json::Value& query, std::vector<FieldError>& errors) {
  check_cursor(context, query, errors);
}

struct Part {
  std::vector<ChangeView> changes;
  std::optional<std::int64_t> next;  // the revision of the last one, if older ones are behind it
};

Text text(std::string json) {
  if (json.empty()) return {};
  return json;
}

// One more than asked for tells what was before the last one.
Part read_part(store::ReadTx& tx, const ProductId& id, std::optional<std::int64_t> before, std::size_t limit) {
  auto changes = tx.changes(model::RecordKind::product, record_id(id), before, limit + 1);
  std::map<UserId, std::string> names;
  Part part;
  for (std::size_t i = 0; i < std::min(changes.size(), limit); ++i) {
    Change& change = changes[i];
    ChangeView view{.at = change.at,
                    .op = change.op.substr(std::string_view("product.").size()),
                    .version = change.revision,
                    .before = i + 1 < changes.size() ? text(changes[i + 1].after) : Text(),
                    .after = text(change.after),
                    .reason = std::move(change.act.reason),
                    .reference = std::move(change.act.reference)};
    if (change.act.actor) {
      auto& name = names[*change.act.actor];
      if (name.empty()) name = tx.user(*change.act.actor).value_or(model::User{}).username;
      view.actor = Actor{*change.act.actor, name};
    }
    part.changes.push_back(std::move(view));
  }
  if (changes.size() > limit) part.next = changes[limit - 1].revision;
  return part;
}

void append(std::string& out, const std::vector<ChangeView>& changes, bool& first) {
  for (const ChangeView& change : changes) {
    if (!first) out += ',';
    first = false;
    schema::write(out, change);
  }
}

Result<Ok<JsonList<ChangeView>>> history(const Context& context, const auth::SignedIn&, Query<HistoryQuery> asked,
                                         store::ReadTx& tx) {
  const auto id = ProductId::parse(context.parameters.front());
  if (!id || tx.changes(model::RecordKind::product, record_id(*id), {}, 1).empty()) return not_found();
  INTEGRITY_TRY(const auto position, position_of(context, asked->cursor));
  Ok<JsonList<ChangeView>> answer{};
  if (asked->limit || asked->cursor) {
    const auto limit = static_cast<std::size_t>(asked->limit.value_or(page_limit_default));
    std::optional<std::int64_t> before;
    if (const auto number = Decimal::parse_plain(position)) before = number->scaled(0);
    const auto part = read_part(tx, *id, before, limit);
    bool first = true;
    answer.body.body = "[";
    append(answer.body.body, part.changes, first);
    answer.body.body += ']';
    if (part.next) answer.headers.push_back(next_link(context, limit, std::to_string(*part.next)));
    return answer;
  }
  answer.body.stream = [&store = context.services.store, id = *id, before = std::optional<std::int64_t>(),
                        begun = false, first = true](std::string& out) mutable {
    const auto part = read_part(*store.read(), id, before, kPartChanges);
    if (!begun) out += '[';
    begun = true;
    append(out, part.changes, first);
    before = part.next;
    if (before) return true;
    out += ']';
    return false;
  };
  return answer;
}

}  // namespace

namespace products {

Operation history() {
  return operation("getHistory", "Who changed a product, when, and how; newest first, also after it was deleted",
                   {Code::not_found}, &api::history)
      .giving({header::link})
      .example({"made", "A product that was made, and not changed since", "",
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
