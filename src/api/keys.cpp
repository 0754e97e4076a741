// Keys for programs: one's own, and an admin's view of others'.
#include <utility>

#include "api/account_fields.hpp"
#include "api/endpoints.hpp"
#include "auth/network.hpp"

namespace integrity::api {
namespace {

constexpr std::int64_t kLifeSecondsMax = std::chrono::seconds(auth::api_key_life_max).count();

// The items of an array of strings; nothing where it is none.
std::optional<std::vector<std::string>> strings_in(const json::Value& json) {
  if (json.kind != json::Value::Kind::array) return {};
  std::vector<std::string> items;
  for (const auto& item : json.items) {
    if (item.kind != json::Value::Kind::string) return {};
    items.push_back(item.text);
  }
  return items;
}

// Scopes that a key may have: all but accounts:write, each once.
struct KeyScopes {
  using Value = model::Scopes;
  std::optional<model::Scopes> read(const json::Value& json, std::string& why) const {
    why = "must be a list of scopes, each once: ";
    for (const auto scope : model::all_scopes()) {
      if (scope != model::Scope::accounts_write) why += std::string(name_of(scope)) + ' ';
    }
    why.pop_back();
    const auto names = strings_in(json);
    if (!names || names->empty()) return {};
    model::Scopes scopes;
    for (const auto& name : *names) {
      const auto scope = model::scope_named(name);
      if (!scope || *scope == model::Scope::accounts_write || scopes.has(*scope)) return {};
      scopes.add(*scope);
    }
    return scopes;
  }
  json::Value describe() const {
    std::vector<std::string_view> names;
    for (const auto scope : model::all_scopes()) {
      if (scope != model::Scope::accounts_write) names.push_back(name_of(scope));
    }
    return json::object({{"type", json::string("array")},
                         {"minItems", json::number(1)},
                         {"uniqueItems", json::boolean(true)},
                         {"items", schema::describe_open_words(names)}});
  }
};

// Networks in CIDR notation, in the form that the server writes: "192.0.2.0/24", "2001:db8::/32".
struct Networks {
  using Value = std::vector<std::string>;
  std::optional<Value> read(const json::Value& json, std::string& why) const {
    auto networks = strings_in(json);
    if (!networks || networks->empty() || networks->size() > auth::api_key_addresses_max) {
      why =
          "must be a list of 1 to " + std::to_string(auth::api_key_addresses_max) + " networks, or null for everywhere";
      return {};
    }
    for (const auto& network : *networks) {
      if (auto wrong = auth::Network::why_not(network)) {
        why = "has an item that " + *wrong;
        return {};
      }
    }
    return networks;
  }
  json::Value describe() const {
    return json::literal(
        R"({"type":"array","minItems":1,"maxItems":20,"items":{"type":"string","minLength":4,"maxLength":43}})");
  }
};

struct CreateBody {
  std::string name;
  model::Scopes scopes;
  std::optional<std::optional<std::int64_t>> expires_in;
  std::optional<std::vector<std::string>> addresses;
};
auto fields(const CreateBody*) {
  using schema::clearable, schema::nullable, schema::required;
  return std::tuple{
      required("name", &CreateBody::name, model::api_key_name_rule, "which program it is for"),
      required("scopes", &CreateBody::scopes, KeyScopes{}, "each one that your role has now"),
      clearable("expires_in", &CreateBody::expires_in, Lifetime{{1, kLifeSecondsMax}},
                "seconds; 90 days when left out; null: it never expires"),
      nullable("addresses", &CreateBody::addresses, Networks{}, "networks from which it works; null: everywhere")};
}
constexpr std::string_view schema_name(const CreateBody*) {
  return "KeyCreation";
}

struct KeyView {
  ApiKeyId id;
  std::string name;
  std::optional<std::string> key = {};
  std::vector<std::string> scopes;
  std::optional<std::vector<std::string>> addresses;
  Time created_at;
  std::optional<Time> expires_at;
};
struct MadeKey : KeyView {};
auto fields(const MadeKey*) {
  using schema::nullable, schema::optional, schema::required;
  return std::tuple{
      required("id", &KeyView::id, schema::Hex24<ApiKeyId>{}),
      required("name", &KeyView::name, model::api_key_name_rule),
      optional("key", &KeyView::key, schema::Opaque{}, "shown once; send it as Authorization: Bearer"),
      required("scopes", &KeyView::scopes, kScopes),
      nullable("addresses", &KeyView::addresses, schema::ListOf<schema::Opaque>{schema::Opaque{}}, "null: everywhere"),
      required("created_at", &KeyView::created_at, schema::Timestamp{}),
      nullable("expires_at", &KeyView::expires_at, schema::Timestamp{}, "null: never")};
}
constexpr std::string_view schema_name(const MadeKey*) {
  return "KeyCreated";
}

struct KeyItem : KeyView {
  std::optional<Time> last_used_at;
};
auto fields(const KeyItem*) {
  using schema::nullable, schema::required;
  return std::tuple{
      required("id", &KeyView::id, schema::Hex24<ApiKeyId>{}),
      required("name", &KeyView::name, model::api_key_name_rule),
      required("scopes", &KeyView::scopes, kScopes),
      nullable("addresses", &KeyView::addresses, schema::ListOf<schema::Opaque>{schema::Opaque{}}, "null: everywhere"),
      required("created_at", &KeyView::created_at, schema::Timestamp{}),
      nullable("expires_at", &KeyView::expires_at, schema::Timestamp{}, "null: never"),
      nullable("last_used_at", &KeyItem::last_used_at, schema::Timestamp{}, "right to within five minutes")};
}
constexpr std::string_view schema_name(const KeyItem*) {
  return "Key";
}

KeyView view(const model::ApiKey& key) {
  return {.id = key.id,
          .name = key.name,
          .scopes = names_of(key.scopes),
          .addresses = key.addresses.empty() ? std::nullopt : std::optional(key.addresses),
          .created_at = key.created_at,
          .expires_at = key.expires_at};
}

using Listed = Ok<JsonList<KeyItem>>;

Listed listed(const Context& context, store::ReadTx& tx, const UserId& user) {
  Listed answer;
  std::string& out = answer.body.body;
  out = "[";
  for (const model::ApiKey& key : context.services.accounts.api_keys.list(tx, user)) {
    if (out.size() > 1) out += ',';
    schema::write(out, KeyItem{view(key), key.last_used_at});
  }
  out += ']';
  return answer;
}

Result<ApiKeyId> key_id(const std::string& text) {
  const auto id = ApiKeyId::parse(text);
  if (!id) return not_found();
  return *id;
}

Result<Write<Created<MadeKey>>> create(const Context& context, const auth::SignedIn& caller, CreateBody body) {
  auth::NewKey wanted{.name = std::move(body.name),
                      .scopes = body.scopes,
                      .expires_in = {},
                      .addresses = body.addresses.value_or(std::vector<std::string>())};
  if (body.expires_in) {
    wanted.expires_in.emplace();
    if (*body.expires_in) *wanted.expires_in = std::chrono::seconds(**body.expires_in);
  }
  auto write = context.services.accounts.api_keys.create(caller, std::move(wanted));
  return Write<Created<MadeKey>>{[write = std::move(write)](store::WriteTx& tx) -> Result<Created<MadeKey>> {
    INTEGRITY_TRY(const auto made, write(tx));
    MadeKey answer{view(made.key)};
    answer.key = made.text;
    return Created<MadeKey>{std::move(answer), {{"Location", "/me/keys/" + made.key.id.hex()}}};
  }};
}

Result<Listed> list(const Context& context, const auth::SignedIn& caller, store::ReadTx& tx) {
  return listed(context, tx, caller.user());
}

Result<Write<NoContent>> revoke(const Context& context, const auth::SignedIn& caller) {
  INTEGRITY_TRY(const auto id, key_id(context.parameters.front()));
  return no_content(context.services.accounts.api_keys.revoke(caller.attribution(), caller.user(), id));
}

Result<Listed> list_of_user(const Context& context, const auth::Principal&, store::ReadTx& tx) {
  const auto user = UserId::parse(context.parameters.front());
  if (!user || !tx.user(*user)) return not_found();
  return listed(context, tx, *user);
}

Result<Write<NoContent>> revoke_of_user(const Context& context, const auth::SignedIn& caller) {
  const auto user = UserId::parse(context.parameters.front());
  if (!user) return not_found();
  INTEGRITY_TRY(const auto id, key_id(context.parameters.back()));
  return no_content(context.services.accounts.api_keys.revoke(caller.attribution(), *user, id));
}

constexpr std::string_view kOneKey =
    R"([{"id":"6925142bbf57d9d3a4b1c0e1","name":"till","scopes":["products:read","stock:write"],)"
    R"("addresses":["192.0.2.0/24"],"created_at":"2026-11-23T10:00:15.000Z",)"
    R"("expires_at":"2027-02-21T10:00:15.000Z","last_used_at":null}])";

}  // namespace

namespace keys {

OperationFor<auth::SignedIn> create() {
  return operation("createKey", "A key for a program", {Code::limit_reached}, &api::create)
      .of_account()
      .described(
          "The key is shown once. It does what its scopes and your role both allow, as they are at each request; it "
          "never "
          "works for your own account, for changing accounts, or for making keys.")
      .giving({header::location})
      .example({"till", "For the till in the shop",
                R"({"name":"till","scopes":["products:read","stock:write"],"addresses":["192.0.2.0/24"]})",
                R"({"id":"6925142bbf57d9d3a4b1c0e1","name":"till",)"
                R"("key":"dik_0000000000000000000000000000000000000000000003QxQ6w",)"
                R"("scopes":["products:read","stock:write"],"addresses":["192.0.2.0/24"],)"
                R"("created_at":"2026-11-23T10:00:15.000Z","expires_at":"2027-02-21T10:00:15.000Z"})"});
}

OperationFor<auth::SignedIn> list() {
  return operation("listKeys", "My keys that have not expired, newest first", {}, &api::list)
      .of_account()
      .example({"one", "One key", "", kOneKey});
}

OperationFor<auth::SignedIn> revoke() {
  return operation("revokeKey", "Revoke one of my keys", {Code::not_found}, &api::revoke)
      .of_account()
      .described("It is refused from now on.");
}

OperationFor<auth::Principal> list_of_user() {
  return operation("listUserKeys", "The keys of an account that have not expired, newest first", {Code::not_found},
                   &api::list_of_user)
      .of_account()
      .example({"one", "One key", "", kOneKey});
}

OperationFor<auth::SignedIn> revoke_of_user() {
  return operation("revokeUserKey", "Revoke a key of an account", {Code::not_found}, &api::revoke_of_user).of_account();
}

}  // namespace keys
}  // namespace integrity::api
