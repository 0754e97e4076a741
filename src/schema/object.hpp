// The members of a type, described once: one table gives a strict reader, a writer and a JSON Schema.
//
//   struct NewProduct {
//     std::string name;
//     std::optional<std::string> sku;
//   };
//   inline auto fields(const NewProduct*) {
//     return std::tuple{required("name", &NewProduct::name, product_name),
//                       nullable("sku", &NewProduct::sku, product_sku, "your own number for it; unique")};
//   }
//   Result<NewProduct> body = schema::read<NewProduct>(json);   // every error at once, unknown members included
//
// A rule for several members together is the last entry of the table: a check, and the JSON Schema of the same rule.
//
//                       schema::together(&at_least_one, &at_least_one_described)};
//
// A described type also has a name. Its schema is in `Components` once, and other schemas refer to it. With an empty
// name, the schema is repeated where the type is used:
//
//   constexpr std::string_view schema_name(const NewProduct*) { return "NewProduct"; }
//
// Both functions are found by their argument, a null pointer that only names the type. Both are required, so a wrong
// signature does not compile.
#pragma once
#include <algorithm>
#include <concepts>
#include <tuple>

#include "base/result.hpp"
#include "schema/rules.hpp"

namespace integrity::schema {

enum class Presence : std::uint8_t {
  required,
  optional,   // may be left out; null is an error. An answer leaves it out when it is empty
  nullable,   // null means none. A request may leave it out, an answer always has it
  clearable,  // requests only: leaving it out keeps the value, null clears it
};

template <class Object, class Member, class Rule>
struct Field {
  std::string_view name;
  Member Object::*member;
  Rule rule;
  Presence presence;
  std::string_view about;  // for people, where the name is not enough
};

template <class O, class M, class R>
constexpr auto required(std::string_view name, M O::*member, R rule, std::string_view about = {}) {
  return Field<O, M, R>{name, member, rule, Presence::required, about};
}
template <class O, class M, class R>
constexpr auto optional(std::string_view name, std::optional<M> O::*member, R rule, std::string_view about = {}) {
  return Field<O, std::optional<M>, R>{name, member, rule, Presence::optional, about};
}
template <class O, class M, class R>
constexpr auto nullable(std::string_view name, std::optional<M> O::*member, R rule, std::string_view about = {}) {
  return Field<O, std::optional<M>, R>{name, member, rule, Presence::nullable, about};
}
template <class O, class M, class R>
constexpr auto clearable(std::string_view name, std::optional<std::optional<M>> O::*member, R rule,
                         std::string_view about = {}) {
  return Field<O, std::optional<std::optional<M>>, R>{name, member, rule, Presence::clearable, about};
}

struct Together {
  void (*check)(const json::Value& json, std::vector<FieldError>& errors);
  json::Value (*describe)();  // keywords of JSON Schema, for requests
};
constexpr Together together(void (*check)(const json::Value&, std::vector<FieldError>&), json::Value (*describe)()) {
  return {check, describe};
}

template <class T>
concept Described = requires(const T* type) {
  fields(type);
};

template <Described T>
void write(std::string& out, const T& object);
template <Described T>
json::Value describe_answer(Components& components);

// An object in an object, for answers.
template <Described T>
struct Nested {
  using Value = T;
  void write(std::string& out, const T& value) const { schema::write(out, value); }
  json::Value describe(Components& components) const { return describe_answer<T>(components); }
};

// The same, for a value that is already JSON.
template <Described T>
struct Written {
  using Value = std::string;
  void write(std::string& out, const std::string& value) const { out += value; }
  json::Value describe(Components& components) const { return describe_answer<T>(components); }
};

// A member's part of a JSON Pointer in a URI fragment, after "#/" (RFC 6901 §6): escaped, then percent-encoded.
std::string pointer_token(std::string_view name);

// The names of unknown members come from the client, and can be as long as a body. The error also names that one of
// `meant` which is spelt almost like it.
FieldError unknown_member(FieldError::In in, std::string_view prefix, std::string_view name,
                          const std::vector<std::string>& meant);
inline constexpr std::size_t spelling_hints_max = 32;  // of a request, which can have very many unknown members

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class Object, class Member, class Rule>
void read_member(const Field<Object, Member, Rule>& field, const json::Value& whole, Object& object,
                 std::string_view prefix, FieldError::In in, std::vector<FieldError>& errors) {
  const json::Value* const json = whole.find(field.name);
  const auto fail = [&](std::string why) {
    errors.push_back({in, std::string(prefix) + std::string(field.name), std::move(why)});
  };
  if (json == nullptr) {
    if (field.presence == Presence::required) fail("is missing");
    return;
  }
  if constexpr (is_optional<Member>) {
    if (json->kind == json::Value::Kind::null && field.presence == Presence::nullable) return;
  }
  if constexpr (is_optional<Member>) {
    if constexpr (is_optional<typename Member::value_type>) {
      if (json->kind == json::Value::Kind::null) {
        (object.*field.member).emplace();
        return;
      }
    }
  }
  std::string why;
  auto value = field.rule.read(*json, why);
  if (!value) return fail(std::move(why));
  object.*field.member = std::move(*value);
}
template <class Object>
void read_member(const Together& together, const json::Value& whole, Object&, std::string_view, FieldError::In,
                 std::vector<FieldError>& errors) {
  together.check(whole, errors);
}

// The table of a type can have members of its bases.
template <class Owner, class Member, class Rule, std::derived_from<Owner> Object>
void write_member(const Field<Owner, Member, Rule>& field, const Object& object, std::string& out) {
  const auto begin = [&] {
    if (out.back() != '{') out += ',';
    out += '"';
    out += field.name;
    out += "\":";
  };
  if constexpr (is_optional<Member>) {
    const auto& value = object.*field.member;
    if (!value && field.presence == Presence::optional) return;
    begin();
    value ? field.rule.write(out, *value) : void(out += "null");
  } else {
    begin();
    field.rule.write(out, object.*field.member);
  }
}

template <class Object>
void write_member(const Together&, const Object&, std::string&) {}

template <class Object, class Member, class Rule>
bool is_named(const Field<Object, Member, Rule>& field, std::string_view name) {
  return field.name == name;
}
inline bool is_named(const Together&, std::string_view) {
  return false;
}

template <class Object, class Member, class Rule>
void add_name(const Field<Object, Member, Rule>& field, std::vector<std::string>& names) {
  names.emplace_back(field.name);
}
inline void add_name(const Together&, std::vector<std::string>&) {}

enum class Side : std::uint8_t { request, answer };

// Builds the schema of an object from its members. Only schemas of requests exclude other members, since a later
// version can add members to answers.
class ObjectSchema {
 public:
  explicit ObjectSchema(Side side);
  template <class Object, class Member, class Rule>
  void add(const Field<Object, Member, Rule>& field, Components& components) {
    add(field.name, describe_rule(field.rule, components), field.presence, field.about);
  }
  void add(const Together& together, Components&);
  json::Value finish(std::string_view name, Components& components) &&;

 private:
  void add(std::string_view name, json::Value schema, Presence presence, std::string_view about);

  Side side_;
  json::Value properties_, required_, together_;
};

template <Described T>
json::Value describe(Side side, Components& components) {
  ObjectSchema schema(side);
  std::apply([&](const auto&... field) { (schema.add(field, components), ...); },
             fields(static_cast<const T*>(nullptr)));
  return std::move(schema).finish(schema_name(static_cast<const T*>(nullptr)), components);
}

}  // namespace detail

// Reads a JSON object by its table. `in` and `prefix` are for the errors, which name the member.
template <Described T>
Result<T> read(const json::Value& json, FieldError::In in = FieldError::In::body, std::string_view prefix = "#/") {
  Error error{Code::invalid_value, "a value is not acceptable: see errors"};
  T object{};
  if (json.kind != json::Value::Kind::object) {
    error.fields.push_back({in, "#", "must be an object"});
    return error;
  }
  const auto table = fields(static_cast<const T*>(nullptr));
  std::apply([&](const auto&... field) { (detail::read_member(field, json, object, prefix, in, error.fields), ...); },
             table);
  // Last, since a long list of errors is cut at its end.
  for (const auto& name : json.names) {
    if (std::apply([&](const auto&... field) { return (detail::is_named(field, name) || ...); }, table)) continue;
    std::vector<std::string> meant;
    if (error.fields.size() < spelling_hints_max) {
      std::apply([&](const auto&... field) { (detail::add_name(field, meant), ...); }, table);
    }
    error.fields.push_back(unknown_member(in, prefix, name, meant));
  }
  if (!error.fields.empty()) return error;
  return object;
}

template <Described T>
void write(std::string& out, const T& object) {
  out += '{';
  std::apply([&](const auto&... field) { (detail::write_member(field, object, out), ...); },
             fields(static_cast<const T*>(nullptr)));
  out += '}';
}

template <Described T>
json::Value describe_request(Components& components) {
  return detail::describe<T>(detail::Side::request, components);
}

template <Described T>
json::Value describe_answer(Components& components) {
  return detail::describe<T>(detail::Side::answer, components);
}

}  // namespace integrity::schema
