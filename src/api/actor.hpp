// Who made a change, as clients see it.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "api/account_fields.hpp"
#include "model/api_key.hpp"
#include "store/tx.hpp"

namespace integrity::api {

struct KeyName {
  ApiKeyId id;
  std::string name;
};
inline auto fields(const KeyName*) {
  return std::tuple{schema::required("id", &KeyName::id, schema::Hex24<ApiKeyId>{}),
                    schema::required("name", &KeyName::name, model::api_key_name_rule)};
}
constexpr std::string_view schema_name(const KeyName*) {
  return "KeyName";
}

struct Actor {
  UserId id;
  std::string username;
  std::optional<KeyName> key = {};
};
inline auto fields(const Actor*) {
  return std::tuple{schema::required("id", &Actor::id, schema::Hex24<UserId>{}),
                    schema::required("username", &Actor::username, model::username_rule),
                    schema::optional("key", &Actor::key, schema::Nested<KeyName>{})};
}
constexpr std::string_view schema_name(const Actor*) {
  return "Actor";
}

// Looks up names, each once.
class Actors {
 public:
  // Nothing for a command on the host, and for the server itself.
  std::optional<Actor> of(store::ReadTx& tx, const model::Attribution& attribution) {
    if (!attribution.actor) return {};
    Actor actor = of(tx, *attribution.actor);
    if (attribution.key) actor.key = KeyName{*attribution.key, key_name(tx, *attribution.key)};
    return actor;
  }
  Actor of(store::ReadTx& tx, const UserId& id) {
    auto& name = users_[id];
    if (name.empty()) name = tx.user(id).value_or(model::User{}).username;
    return {id, name};
  }

 private:
  const std::string& key_name(store::ReadTx& tx, const ApiKeyId& id) {
    auto& name = keys_[id];
    if (name.empty()) name = tx.api_key(id).value_or(model::ApiKey{}).name;
    return name;
  }

  std::map<UserId, std::string> users_;
  std::map<ApiKeyId, std::string> keys_;
};

}  // namespace integrity::api
