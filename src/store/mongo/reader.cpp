#include "store/mongo/reader.hpp"

#include <algorithm>
#include <unordered_map>

#include "store/history.hpp"
#include "store/mongo/codec.hpp"
#include "store/mongo/history.hpp"
#include "store/mongo/schema.hpp"
#include "store/mongo/search.hpp"
#include "store/mongo/unreadable.hpp"

namespace integrity::store::mongo {
namespace {

template <class Take>
auto taken(std::optional<Doc> found, Take take) -> std::optional<decltype(take(View(*found)))> {
  if (!found) return {};
  return take(View(*found));
}

// Leaves out documents that cannot be read. Where there are any, a second query finds only readable ones, so that
// `options` still give as many as they ask for.
template <class Take>
auto all(Connection& connection, Name collection, const Doc& filter, const Doc& options, Take take) {
  std::vector<decltype(take(View(filter)))> out;
  const auto add = [&](const Doc& which) {
    bool complete = true;
    for (Cursor found = connection.find(collection, which, options); found.next();) {
      auto value = unless_unreadable(collection, found.view(), take);
      complete = complete && value;
      if (value) out.push_back(std::move(*value));
    }
    return complete;
  };
  if (add(filter)) return out;
  out.clear();
  add(Doc("$and", Array().add(filter).add(readable(collection))));
  return out;
}

std::int64_t limit_of(std::size_t limit) {
  constexpr auto max = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int64_t>(std::min<std::size_t>(limit, max));
}

// By the index usable: an account keeps its revoked and expired keys for good.
Doc usable_keys_of(const UserId& user, Time now) {
  Array when;
  when.add(Doc("expires_at", Doc("$exists", false))).add(Doc("expires_at", Doc("$gt", now)));
  return Doc("user", user, "revoked_at", Doc("$exists", false), "$or", when);
}

}  // namespace

std::optional<model::Product> Reader::product(const ProductId& id) {
  return taken(first(in::products, Doc("_id", id)), take_product);
}

// One find. As in every list, a product that cannot be read is left out and logged.
std::vector<model::Product> Reader::products_by_id(std::span<const ProductId> ids) {
  if (ids.empty()) return {};
  Array wanted;
  for (const auto& id : ids) wanted.add(id);
  std::unordered_map<ProductId, model::Product, IdHash> by_id;
  for (Cursor found = find(in::products, Doc("_id", Doc("$in", wanted)), Doc("projection", Doc("words", 0)));
       found.next();) {
    auto product = unless_unreadable(in::products, found.view(), take_product);
    if (product) by_id.emplace(product->id, std::move(*product));
  }
  std::vector<model::Product> out;
  for (const auto& id : ids) {
    if (auto product = by_id.extract(id)) out.push_back(std::move(product.mapped()));
  }
  return out;
}

model::ProductPage Reader::products(const model::ProductQuery& query) {
  return search(connection(in::products), query);
}

std::optional<model::User> Reader::user(const UserId& id) {
  return taken(first(in::users, Doc("_id", id)), take<model::User>);
}

std::optional<model::User> Reader::user_by_name(std::string_view username) {
  return taken(first(in::users, Doc("username_key", username_key(username))), take<model::User>);
}

std::vector<model::User> Reader::users() {
  return all(connection(in::users), in::users, {}, Doc("sort", Doc("username_key", 1)), take<model::User>);
}

std::vector<std::string> Reader::password_hash_kinds() {
  const Doc size("$subtract", Array().add(Doc("$strLenCP", "$password_hash")).add(53));
  const Doc kind("$substrCP", Array().add("$password_hash").add(0).add(Doc("$max", Array().add(0).add(size))));
  std::vector<std::string> kinds;
  for (Cursor found = aggregate(in::users, Array()
                                               .add(Doc("$match", Doc("password_hash", Doc("$type", "string"))))
                                               .add(Doc("$group", Doc("_id", kind))));
       found.next();) {
    kinds.push_back(found.view().take<std::string>("_id"));
  }
  return kinds;
}

std::optional<model::Challenge> Reader::challenge(const model::Digest& token_hash) {
  return taken(first(in::challenges, Doc("_id", token_hash)), take<model::Challenge>);
}

std::optional<model::Session> Reader::session(const SessionId& id) {
  return taken(first(in::sessions, Doc("_id", id)), take<model::Session>);
}

model::FactorCounters Reader::factor_counters(const UserId& user) {
  const auto found = taken(first(in::factor_counters, Doc("_id", user)), take<FactorCountersOf>);
  return found ? found->counters : model::FactorCounters();
}

std::int64_t Reader::recovery_codes_left(const UserId& user) {
  const auto found =
      first(in::recovery_codes, Doc("_id", user), Doc("projection", Doc("left", Doc("$size", "$hashes"))));
  return found ? View(*found).take<int>("left") : 0;
}

std::vector<model::Change> Reader::changes(model::RecordKind kind, const RecordId& record,
                                           std::optional<std::int64_t> before, std::size_t limit) {
  if (limit == 0) return {};  // the server treats 0 as "all"
  Doc filter("kind", name_of(kind), "record", record);
  if (before) filter.add("revision", Doc("$lt", *before));
  return all(connection(in::changes), in::changes, filter, Doc("sort", Doc("revision", -1), "limit", limit_of(limit)),
             take<model::Change>);
}

std::int64_t Reader::last_change_number() {
  const auto head = first(in::meta, Doc("_id", "head"));
  if (!head) throw head_is_lost();
  return View(*head).take<std::int64_t>("number");
}

std::vector<model::User> Reader::users_after(std::string_view username_key, std::size_t limit) {
  if (limit == 0) return {};  // the server treats 0 as "all"
  return all(connection(in::users), in::users, Doc("username_key", Doc("$gt", username_key)),
             Doc("sort", Doc("username_key", 1), "limit", limit_of(limit)), take<model::User>);
}

bool Reader::any_account_confirmed() {
  return first(in::users, Doc("confirmed_at", Doc("$exists", true)), Doc("projection", Doc("_id", 1))).has_value();
}

std::size_t Reader::active_admins() {
  return count(in::users, Doc("role", model::Role::admin, "state", model::UserState::active, "confirmed_at",
                              Doc("$exists", true)));
}

std::vector<model::SessionRecord> Reader::sessions_of(const UserId& user) {
  return all(connection(in::sessions), in::sessions, Doc("user", user), {}, take<model::SessionRecord>);
}

std::optional<model::ApiKey> Reader::api_key(const ApiKeyId& id) {
  return taken(first(in::api_keys, Doc("_id", id)), take<model::ApiKey>);
}

std::vector<model::ApiKey> Reader::usable_api_keys(const UserId& user, Time now) {
  return all(connection(in::api_keys), in::api_keys, usable_keys_of(user, now), {}, take<model::ApiKey>);
}

std::size_t Reader::count_usable_api_keys(const UserId& user, Time now) {
  std::size_t count = 0;
  for (Cursor found = find(in::api_keys, usable_keys_of(user, now), Doc("projection", Doc("_id", 1))); found.next();) {
    ++count;
  }
  return count;
}

std::vector<model::ApiKey> Reader::api_keys() {
  return all(connection(in::api_keys), in::api_keys, {}, {}, take<model::ApiKey>);
}

std::optional<model::Invitation> Reader::invitation(const InvitationId& id) {
  return taken(first(in::invitations, Doc("_id", id)), take<model::Invitation>);
}

std::optional<model::Invitation> Reader::invitation(const model::Digest& token_hash) {
  return taken(first(in::invitations, Doc("token_hash", token_hash)), take<model::Invitation>);
}

std::vector<model::Invitation> Reader::invitations(std::optional<InvitationId> below, std::size_t limit) {
  if (limit == 0) return {};
  Doc filter;
  if (below) {
    const auto last = invitation(*below);
    const Time at = last ? last->created_at : latest_creation(*below);
    filter.add("$or",
               Array().add(Doc("created_at", Doc("$lt", at))).add(Doc("created_at", at, "_id", Doc("$lt", *below))));
  }
  return all(connection(in::invitations), in::invitations, filter,
             Doc("sort", Doc("created_at", -1, "_id", -1), "limit", limit_of(limit)), take<model::Invitation>);
}

std::size_t Reader::invitations_open(Time now) {
  return count(in::invitations, Doc("expires_at", Doc("$gt", now)));
}

std::size_t Reader::count(Name collection, const Doc& filter) {
  Cursor found = aggregate(collection, Array().add(Doc("$match", filter)).add(Doc("$count", "n")));
  return found.next() ? static_cast<std::size_t>(found.view().take<std::int64_t>("n")) : 0;
}

model::ChangePage Reader::find_changes(const model::ChangeQuery& query) {
  const auto last = last_change_number();
  return mongo::find_changes(connection(in::changes), query, last);
}

}  // namespace integrity::store::mongo
