// Histories of accounts, and the changes of everything.
#include <limits>
#include <utility>

#include "api/account_view.hpp"
#include "api/actor.hpp"
#include "api/endpoints.hpp"
#include "api/page.hpp"
#include "base/decimal.hpp"
#include "base/json_document.hpp"
#include "store/enum_names.hpp"

namespace integrity::api {
namespace {

using model::Change;
using model::RecordKind;
using Text = std::optional<std::string>;

constexpr std::size_t kPartChanges = 64;
constexpr std::chrono::milliseconds kSearchTime{500};  // of a page; then it is a short one
constexpr std::chrono::milliseconds kPartTime{50};     // of a part of the whole list
constexpr schema::OneOf kKind{"user session product key invitation store"};

// A record of any kind, as JSON.
struct AnyRecord {
  using Value = std::string;
  void write(std::string& out, const std::string& value) const { out += value; }
  json::Value describe() const { return json::literal(R"({"type":"object"})"); }
};

struct ChangeOfAccount {
  std::optional<std::int64_t> log_index = {};  // none until there is a ledger
  Time at;
  std::optional<Actor> actor = {};
  std::string op, proof;
  Text kind = {}, record = {};  // only in GET /changes
  std::int64_t version = 0;
  Text before, after;
  Text reason, reference;
};
template <class Table>
auto fields_of_change(Table extra) {
  using schema::nullable, schema::required;
  return std::tuple_cat(
      std::tuple{
          nullable("log_index", &ChangeOfAccount::log_index, schema::Integer{0, model::stock_max},
                   "its number in the ledger; null before there was one"),
          required("at", &ChangeOfAccount::at, schema::Timestamp{}),
          nullable("actor", &ChangeOfAccount::actor, schema::Nested<Actor>{},
                   "null: a command on the host, or the server itself"),
          required("proof", &ChangeOfAccount::proof, schema::OneOf{"none host password otp recovery key reset"},
                   "how the actor was authenticated"),
          required("op", &ChangeOfAccount::op, schema::Opaque{}, "what happened: docs/roles.md lists the words")},
      std::move(extra),
      std::tuple{required("version", &ChangeOfAccount::version, model::product_version,
                          "of the record afterwards; of an account, what GET /users/{uid} showed"),
                 nullable("before", &ChangeOfAccount::before, AnyRecord{}, "null for its creation"),
                 nullable("after", &ChangeOfAccount::after, AnyRecord{}, "null for its end"),
                 nullable("reason", &ChangeOfAccount::reason, model::change_reason),
                 nullable("reference", &ChangeOfAccount::reference, model::change_reference)});
}
auto fields(const ChangeOfAccount*) {
  return fields_of_change(std::tuple{});
}
constexpr std::string_view schema_name(const ChangeOfAccount*) {
  return "ChangeOfAccount";
}
struct ChangeOfAnything : ChangeOfAccount {};
auto fields(const ChangeOfAnything*) {
  return fields_of_change(std::tuple{schema::required("kind", &ChangeOfAccount::kind, kKind, "what kind of record"),
                                     schema::required("record", &ChangeOfAccount::record, schema::Opaque{}, "its id")});
}
constexpr std::string_view schema_name(const ChangeOfAnything*) {
  return "ChangeOfAnything";
}

// A time as RFC 3339 allows it: with an offset, with or without a fraction.
struct AnyTime {
  using Value = Time;
  std::optional<Time> read(const json::Value& json, std::string& why) const {
    std::optional<Time> time;
    if (json.kind == json::Value::Kind::string) time = parse_any_rfc3339(json.text);
    if (!time) why = "must be a time as in RFC 3339: 2026-01-31T08:15:30Z";
    return time;
  }
  json::Value describe() const { return json::literal(R"({"type":"string","format":"date-time"})"); }
};

struct HistoryQuery {
  std::optional<std::int64_t> limit;
  Text cursor;
};
auto fields(const HistoryQuery*) {
  return std::tuple{schema::optional("limit", &HistoryQuery::limit, page_limit, page_limit_about),
                    schema::optional("cursor", &HistoryQuery::cursor, page_cursor, page_cursor_about)};
}

struct ChangesQuery {
  std::optional<std::int64_t> limit;
  Text cursor, kind;
  std::optional<UserId> actor;
  std::optional<RecordId> record;
  std::optional<Time> since, until;
};
auto fields(const ChangesQuery*) {
  using schema::optional;
  return std::tuple{optional("limit", &ChangesQuery::limit, page_limit, page_limit_about),
                    optional("cursor", &ChangesQuery::cursor, page_cursor, page_cursor_about),
                    optional("kind", &ChangesQuery::kind, kKind, "Of records of this kind."),
                    optional("actor", &ChangesQuery::actor, schema::Hex24<UserId>{}, "Made by this account."),
                    optional("record", &ChangesQuery::record, schema::Hex24<RecordId>{}, "Of the record with this id."),
                    optional("since", &ChangesQuery::since, AnyTime{}, "At this time or later."),
                    optional("until", &ChangesQuery::until, AnyTime{}, "Before this time.")};
}

Text unless_empty(std::string json) {
  if (json.empty()) return {};
  return json;
}

// Histories of older versions keep accounts with other members. They are shown with those of today: what they lack was
// so for every account at that time. Clients saw no version of an account then, so the revision serves as one.
std::string account_of_today(store::ReadTx& tx, const Change& change, std::string json, std::int64_t revision) {
  const auto parsed = json::parse(json);
  if (!parsed || parsed->find("password_version") == nullptr) return json;
  const auto user = tx.user(UserId{change.record.bytes});
  const json::Value* const factor = parsed->find("factor");
  json::Value account = json::object();
  for (const auto* name : {"id", "username", "name"}) {
    if (const auto* value = parsed->find(name)) json::add(account, name, *value);
  }
  json::add(account, "role", json::string(name_of(model::Role::editor)));
  if (const auto* state = parsed->find("state")) json::add(account, "state", *state);
  json::add(account, "factor", json::string(factor != nullptr && factor->text == "true" ? "active" : "none"));
  json::add(account, "created_at", json::string(user ? to_rfc3339(user->created_at) : ""));
  json::add(account, "version", json::number(revision));
  return json::serialize(account);
}

// The version that clients see of an account, as GET /users/<id> has it. The revision also counts changes that do not
// move that version, such as a new password.
std::optional<std::int64_t> version_in(const std::string& account) {
  const auto parsed = json::parse(account);
  const json::Value* const version = parsed ? parsed->find("version") : nullptr;
  const auto number = version != nullptr ? Decimal::parse_plain(version->text) : std::nullopt;
  if (!number) return {};
  return number->scaled(0);
}

// Walks through the changes, from new to old.
template <class View>
class Walk {
 public:
  Walk(store::Store& store, model::ChangeQuery query) : store_(store), query_(std::move(query)) {}

  // Appends at most `limit` changes, fewer where the time or the bytes of a part are over. False after the last change.
  bool append(std::string& out, std::size_t limit, std::chrono::milliseconds time_max, std::size_t bytes_max) {
    const auto tx = store_.read();
    query_.limit = limit;
    query_.time_max = time_max;
    query_.bytes_max = bytes_max;
    const auto page = tx->find_changes(query_);
    for (const Change& change : page.changes) {
      if (!std::exchange(first_, false)) out += ',';
      schema::write(out, view(*tx, change));
    }
    query_.below = page.next_below;
    return page.next_below.has_value();
  }
  std::string position() const { return std::to_string(query_.below.value_or(0)); }

 private:
  View view(store::ReadTx& tx, const Change& change) {
    View view;
    view.at = change.at;
    view.actor = actors_.of(tx, change.attribution);
    view.op = change.op;
    view.proof = store::name_of(change.attribution.proof);
    view.kind = std::string(store::name_of(change.kind));
    view.record = change.record.hex();
    view.version = change.revision;
    const bool user = change.kind == RecordKind::user;
    view.before = unless_empty(user ? account_of_today(tx, change, change.before, change.revision - 1) : change.before);
    view.after = unless_empty(user ? account_of_today(tx, change, change.after, change.revision) : change.after);
    if (user && view.after) view.version = version_in(*view.after).value_or(change.revision);
    view.reason = change.attribution.reason;
    view.reference = change.attribution.reference;
    return view;
  }

  store::Store& store_;
  model::ChangeQuery query_;
  bool first_ = true;
  Actors actors_;
};

constexpr std::size_t kPageBytes = 4 * 1024 * 1024;

template <class View>
Result<Searched<Ok<JsonList<View>>>> listed(const Context& context, model::ChangeQuery query,
                                            std::optional<std::int64_t> limit, const Text& cursor) {
  using Listed = Ok<JsonList<View>>;
  INTEGRITY_TRY(const auto position, position_of(context, cursor));
  if (const auto number = Decimal::parse_plain(position)) query.below = number->scaled(0);
  Walk<View> walk(context.services.store, std::move(query));
  if (!limit && !cursor) {
    Listed whole{};
    whole.body.stream = [walk = std::move(walk), begun = false](std::string& out) mutable {
      if (!std::exchange(begun, true)) out += '[';
      if (walk.append(out, kPartChanges, kPartTime, http::part_bytes)) return true;
      out += ']';
      return false;
    };
    return Searched<Listed>{[whole = std::move(whole)]() -> Result<Listed> { return whole; }, true};
  }
  const auto count = static_cast<std::size_t>(limit.value_or(page_limit_default));
  return Searched<Listed>{[&context, count, walk = std::move(walk)]() mutable -> Result<Listed> {
    Listed page{};
    page.body.body = "[";
    const bool more = walk.append(page.body.body, count, kSearchTime, kPageBytes);
    page.body.body += ']';
    if (more) page.headers.push_back(next_link(context, count, walk.position()));
    return page;
  }};
}

Result<Searched<Ok<JsonList<ChangeOfAnything>>>> list(const Context& context, const auth::Principal&,
                                                      Query<ChangesQuery> asked) {
  const ChangesQuery& by = asked.value;
  model::ChangeQuery query{.actor = by.actor, .record = by.record, .since = by.since, .until = by.until};
  if (by.kind) query.kind = store::value_of<RecordKind>(*by.kind);
  return listed<ChangeOfAnything>(context, std::move(query), by.limit, by.cursor);
}

Result<Searched<Ok<JsonList<ChangeOfAccount>>>> mine(const Context& context, const auth::SignedIn& caller,
                                                     Query<HistoryQuery> asked) {
  return listed<ChangeOfAccount>(context, {.account = caller.user()}, asked->limit, asked->cursor);
}

Result<Searched<Ok<JsonList<ChangeOfAccount>>>> of_user(const Context& context, const auth::Principal&,
                                                        Query<HistoryQuery> asked, store::ReadTx& tx) {
  const auto id = UserId::parse(context.parameters.front());
  if (!id || !tx.user(*id)) return not_found();
  return listed<ChangeOfAccount>(context, {.account = *id}, asked->limit, asked->cursor);
}

constexpr std::string_view kConfirmed =
    R"([{"log_index":null,"at":"2026-11-23T10:00:15.000Z",)"
    R"("actor":{"id":"6925142bbf57d9d3a4b1c0de","username":"ada"},"proof":"otp","op":"user.confirm","version":1,)"
    R"("before":null,"after":{"id":"6925142bbf57d9d3a4b1c0de","username":"ada","name":"Ada Lovelace","role":"editor",)"
    R"("state":"active","factor":"active","created_at":"2026-11-23T10:00:10.000Z","version":1},)"
    R"("reason":null,"reference":null}])";

}  // namespace

namespace changes {

OperationFor<auth::Principal> list() {
  return operation("listChanges", "Every change of everything, newest first", {Code::overloaded}, &api::list)
      .of_account()
      .described(
          "All given conditions must hold. Each change with the record before and after it; never with a password, a "
          "secret or a code. A page can be shorter than `limit`; only a page without `Link` is the last one.")
      .checking_query(&check_cursor)
      .giving({header::link});
}

OperationFor<auth::SignedIn> mine() {
  return operation("getMyHistory", "Every change about my account, newest first", {Code::overloaded}, &api::mine)
      .of_account()
      .described("Itself, its sessions, keys, resets and invitations, with who did it.")
      .checking_query(&check_cursor)
      .giving({header::link});
}

OperationFor<auth::Principal> of_user() {
  return operation("getUserHistory", "Every change about an account, newest first", {Code::not_found, Code::overloaded},
                   &api::of_user)
      .of_account()
      .described("Itself, its sessions, keys, resets and invitations, with who did it.")
      .checking_query(&check_cursor)
      .giving({header::link})
      .example({"confirmed", "An account that was confirmed", "", kConfirmed});
}

}  // namespace changes
}  // namespace integrity::api
