// Strict JSON (RFC 8259 narrowed by RFC 7493): UTF-8, no byte order mark, no duplicate members, no lone
// surrogates, nothing after the value, at most 32 levels (the top level is 1).
//
// Numbers stay text, so 0.1 is never a double; the caller converts them (decimal.hpp). An exponent of more than nine
// digits may be given as 999999999.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace integrity::json {

inline constexpr std::size_t depth_max = 32;

struct Value {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  Kind kind = Kind::null;
  std::string text;                // number: as written, see above; string: decoded; boolean: "true" or "false"
  std::vector<Value> items;        // array elements, or object values in order
  std::vector<std::string> names;  // object: names[i] belongs to items[i]

  const Value* find(std::string_view name) const;  // a member of an object, or null
};

// The whole text is one value. Errors are Code::malformed_json and say where.
Result<Value> parse(std::string_view text);

// Appends a string literal: quotes, escapes for `"`, `\` and controls; other characters as they are.
// `text` MUST be valid UTF-8; one that is not has every byte above 0x7f replaced by U+FFFD, so that output is
// always JSON.
void append_string(std::string& out, std::string_view text);
std::string quoted(std::string_view text);

}  // namespace integrity::json
