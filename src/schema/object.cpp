#include "schema/object.hpp"

#include <stdexcept>

#include "base/json_document.hpp"
#include "base/nearest.hpp"
#include "base/percent.hpp"

namespace integrity::schema {

std::string pointer_token(std::string_view name) {
  std::string token;
  for (const char c : name) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return percent_encode(token, "!$&'()*+,;=:@?");  // RFC 3986 §3.5: a fragment may have these unencoded
}

FieldError unknown_member(FieldError::In in, std::string_view prefix, std::string_view name,
                          const std::vector<std::string>& meant) {
  constexpr std::size_t shown_bytes_max = 100;
  if (name.size() > shown_bytes_max) return {in, "#", "has a member whose name is longer than any known here"};
  const auto near = nearest(name, meant);
  return {in, std::string(prefix) + pointer_token(name), "is not known here" + (near ? "; you may mean " + *near : "")};
}

namespace detail {
namespace {

// {"type":"string",…} -> {"type":["string","null"],…}
json::Value or_null(json::Value schema) {
  for (std::size_t i = 0; i < schema.names.size(); ++i) {
    if (schema.names[i] != "type") continue;
    schema.items[i] = json::strings({schema.items[i].text, "null"});
    return schema;
  }
  return json::object({{"anyOf", json::array({std::move(schema), json::object({{"type", json::string("null")}})})}});
}

}  // namespace

ObjectSchema::ObjectSchema(Side side)
    : side_(side), properties_(json::object()), required_(json::array()), together_(json::object()) {}

void ObjectSchema::add(std::string_view name, json::Value schema, Presence presence, std::string_view about) {
  if (presence == Presence::nullable || presence == Presence::clearable) schema = or_null(std::move(schema));
  if (!about.empty()) {
    // Tools disagree on the meaning of members next to a reference.
    if (schema.find("$ref") != nullptr) throw std::logic_error("describe the component instead: " + std::string(name));
    json::add(schema, "description", json::string(about));
  }
  json::add(properties_, name, std::move(schema));
  const bool is_required = presence == Presence::required || (side_ == Side::answer && presence == Presence::nullable);
  if (is_required) required_.items.push_back(json::string(name));
}

void ObjectSchema::add(const Together& together, Components&) {
  if (side_ == Side::request) together_ = together.describe();
}

json::Value ObjectSchema::finish(std::string_view name, Components& components) && {
  json::Value schema = json::object({{"type", json::string("object")}});
  if (side_ == Side::request) json::add(schema, "additionalProperties", json::boolean(false));
  json::add(schema, "properties", std::move(properties_));
  if (!required_.items.empty()) json::add(schema, "required", std::move(required_));
  for (std::size_t i = 0; i < together_.names.size(); ++i) {
    json::add(schema, together_.names[i], std::move(together_.items[i]));
  }
  return name.empty() ? schema : refer_to(name, std::move(schema), components);
}

}  // namespace detail
}  // namespace integrity::schema
