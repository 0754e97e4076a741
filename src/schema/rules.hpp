// What a single value may be. A rule reads it from JSON, writes it, and describes itself as JSON Schema: said once.
//
//   constexpr Text product_name{.min = 1, .max = 200};
//
// Every rule has `Value`, read(json, why) -> optional<Value>, write(out, value) and describe() -> JSON Schema.
// `why` is filled when there is no value: a phrase that goes on from the member's name ("must be …").
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

// Any text at all within a length: for what is compared, not kept (challenges, echoes of our own values).
struct Opaque {
  using Value = std::string;
  std::size_t max = 1024;

  std::optional<std::string> read(const json::Value& json, std::string& why) const;
  void write(std::string& out, const std::string& value) const { json::append_string(out, value); }
  json::Value describe() const;
};

// A password: code points counted, bytes kept as they are, never written.
struct SecretText {
  using Value = Secret;
  std::size_t min = 0;
  std::size_t max = 0;

  std::optional<Secret> read(const json::Value& json, std::string& why) const;
  json::Value describe() const;
};

// Schemas of the types that have a name, by name: described once, referred to from everywhere else (see object.hpp).
using Components = std::map<std::string, json::Value, std::less<>>;

// Makes `schema` the component of that name and gives the reference to it.
json::Value refer_to(std::string_view name, json::Value schema, Components& components);

// Exact money: read from a JSON number or a plain decimal string (see Money), written as a number. A query has only
// strings.
struct Amount {
  using Value = Money;
  enum class Side : std::uint8_t { request, answer, query } side = Side::request;
  std::optional<Money> read(const json::Value& json, std::string& why) const;
  void write(std::string& out, const Money& value) const { out += value.text(); }
  json::Value describe(Components& components) const;
};

// Whole by value: 5, 5.0 and 5e0 are the same integer.
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

// A time as we write it.
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
// Words of which later versions may have more: `x-extensible-enum`, for clients would break over a new word of an `enum`.
json::Value describe_open_words(const std::vector<std::string_view>& words);

// An id of 24 hex characters, as text: whether a record has it is not the schema's business.
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

// One of a few words. A later version may know more of them.
struct OneOf {
  using Value = std::string;
  std::string_view words;  // separated by spaces

  std::optional<std::string> read(const json::Value& json, std::string& why) const;
  void write(std::string& out, const std::string& value) const { json::append_string(out, value); }
  json::Value describe() const;
};

// Only rules that refer to components need to know where those are described.
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
