// What a single value may be. A rule reads the value from JSON, writes it, and describes itself as JSON Schema.
//
//   constexpr Text product_name{.min = 1, .max = 200};
//
// Every rule has `Value`, read(json, why) -> optional<Value>, write(out, value) and describe() -> JSON Schema.
// Where there is no value, `why` gets the reason, in words that follow the member's name ("must be …").
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/decimal.hpp"
#include "base/json.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

namespace integrity::schema {

// Unicode text, its length in code points. No control characters; `many` allows line feeds and tabs. `normalized` does
// too, and turns CR LF and CR into LF before the length counts.
struct Text {
  using Value = std::string;
  enum class Lines : std::uint8_t { one, many, normalized };
  std::size_t min = 0;
  std::size_t max = 0;
  Lines lines = Lines::one;

  std::optional<std::string> read(const json::Value& json, std::string& why) const;
  void write(std::string& out, const std::string& value) const { json::append_string(out, value); }
  json::Value describe() const;
  std::string pattern() const;
};

// ASCII letters, digits and the characters in `also`.
struct Word {
  using Value = std::string;
  enum class Letters : std::uint8_t { any, upper, none };
  std::size_t min = 0;
  std::size_t max = 0;
  std::string_view also = {};
  Letters letters = Letters::any;
  bool digits = true;

  std::optional<std::string> read(const json::Value& json, std::string& why) const;
  void write(std::string& out, const std::string& value) const { json::append_string(out, value); }
  json::Value describe() const;
  std::string pattern() const;
  std::string words() const;  // the same for people: "6 digits"
};

// Any text up to a length. For texts that are only compared, not stored: challenges, values that the server gave
// itself.
struct Opaque {
  using Value = std::string;
  std::size_t max = 1024;

  std::optional<std::string> read(const json::Value& json, std::string& why) const;
  void write(std::string& out, const std::string& value) const { json::append_string(out, value); }
  json::Value describe() const;
};

// A password. Its length is in code points, its bytes are not changed, and it is never written.
struct SecretText {
  using Value = Secret;
  std::size_t min = 0;
  std::size_t max = 0;

  std::optional<Secret> read(const json::Value& json, std::string& why) const;
  json::Value describe() const;
};

// Schemas of the types that have a name, by name. Each is described once, and referred to from everywhere else (see
// object.hpp).
using Components = std::map<std::string, json::Value, std::less<>>;

// Adds `schema` as the component of that name, and gives a reference to it.
json::Value refer_to(std::string_view name, json::Value schema, Components& components);

// Exact money. Read from a JSON number or a plain decimal string (see Money), written as a number. A query has strings
// only.
struct Amount {
  using Value = Money;
  enum class Side : std::uint8_t { request, answer, query } side = Side::request;
  std::optional<Money> read(const json::Value& json, std::string& why) const;
  void write(std::string& out, const Money& value) const { out += value.text(); }
  json::Value describe(Components& components) const;
};

// Integers by value: 5, 5.0 and 5e0 are the same.
struct Integer {
  using Value = std::int64_t;
  std::int64_t min = 0;
  std::int64_t max = 0;

  std::optional<std::int64_t> read(const json::Value& json, std::string& why) const;
  void write(std::string& out, std::int64_t value) const { out += std::to_string(value); }
  json::Value describe() const;
};

struct NonZero : Integer {
  std::optional<std::int64_t> read(const json::Value& json, std::string& why) const;
  json::Value describe() const;
};

// A time in the one form that the server writes.
struct Timestamp {
  using Value = Time;
  std::optional<Time> read(const json::Value& json, std::string& why) const;
  void write(std::string& out, Time value) const {
    out += '"';
    append_rfc3339(out, value);
    out += '"';
  }
  json::Value describe() const;
};

// What stands in a character class of a pattern, for ECMA-262 and for Python: all blanks, all control characters.
std::string blank_in_class();
std::string control_in_class();

json::Value describe_hex24();
json::Value describe_list(json::Value items);
// Words that later versions may add to. As `x-extensible-enum`, since a new word of an `enum` would break clients.
json::Value describe_open_words(const std::vector<std::string_view>& words);

// An id of 24 hex characters. Whether a record with it exists is checked elsewhere.
template <class AnyId>
struct Hex24 {
  using Value = AnyId;
  std::optional<AnyId> read(const json::Value& json, std::string& why) const {
    std::optional<AnyId> id;
    if (json.kind == json::Value::Kind::string) id = AnyId::parse(json.text);
    if (!id) why = "must be an id: 24 lower-case hex characters";
    return id;
  }
  void write(std::string& out, const AnyId& value) const { out += '"' + value.hex() + '"'; }
  json::Value describe() const { return describe_hex24(); }
};

struct Boolean {
  using Value = bool;
  std::optional<bool> read(const json::Value& json, std::string& why) const;
  void write(std::string& out, bool value) const { out += value ? "true" : "false"; }
  json::Value describe() const;
};

// One of a few words. Later versions may add to them.
struct OneOf {
  using Value = std::string;
  std::string_view words;  // separated by spaces

  std::optional<std::string> read(const json::Value& json, std::string& why) const;
  void write(std::string& out, const std::string& value) const { json::append_string(out, value); }
  json::Value describe() const;
};

// For rules with and without components to refer to.
template <class Rule>
json::Value describe_rule(const Rule& rule, Components& components) {
  if constexpr (requires { rule.describe(components); }) {
    return rule.describe(components);
  } else {
    return rule.describe();
  }
}

template <class Rule>
struct ListOf {
  using Value = std::vector<typename Rule::Value>;
  Rule rule;

  void write(std::string& out, const Value& value) const {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ',';
      rule.write(out, value[i]);
    }
    out += ']';
  }
  json::Value describe(Components& components) const { return describe_list(describe_rule(rule, components)); }
};

}  // namespace integrity::schema
