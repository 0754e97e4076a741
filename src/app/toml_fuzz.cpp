#include "app/toml.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/json.hpp"
#include "testing/fuzzing.hpp"

namespace integrity::app {
namespace {

using fuzzing::holds;

// A basic string of TOML is a JSON string in which DEL is escaped too.
std::string basic_string(std::string_view text) {
  std::string out;
  for (char c : json::quoted(text)) out += c == '\x7f' ? std::string("\\u007f") : std::string(1, c);
  return out;
}

FUZZ_TARGET(toml) {
  const auto options = parse_toml(input, "integrity.toml");
  if (!options) {
    holds(options.error().code == Code::invalid_value, "a refusal is invalid_value");
    holds(options.error().detail.starts_with("integrity.toml"), "a refusal names the file");
    return;
  }
  std::string written;
  for (const auto& [name, value] : *options) {
    holds(count_code_points(name) && count_code_points(value), "options are text");
    written += name + " = " + basic_string(value) + "\n";
  }
  const auto again = parse_toml(written, "integrity.toml");
  holds(again && *again == *options, "options that are written and read are the same options");
}

}  // namespace
}  // namespace integrity::app
