// A text that matches a regular expression which the operator chose.
//
//   INTEGRITY_TRY(const auto sku, Pattern::compile("[A-Z]{3} [0-9]{4}", 64));
//   sku.read(json, why);   // "ABC 1234"
//
// The expression always means the whole text. RE2 matches every expression in time linear in the text. It
// has to be one that other languages read like RE2, since clients get it as the `pattern` of a JSON Schema.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace re2 {
class RE2;
}

namespace integrity::schema {

class Pattern {
 public:
  using Value = std::string;

  // For texts of 1 to `max` code points. Error: invalid_value, in words that follow an option's name.
  static Result<Pattern> compile(std::string_view expression, std::size_t max);

  // Also refuses what no expression can allow: control characters, and blanks at the ends.
  std::optional<std::string> read(const json::Value& json, std::string& why) const;
  json::Value describe() const;

 private:
  Pattern(std::shared_ptr<const re2::RE2> expression, std::size_t max);

  std::shared_ptr<const re2::RE2> expression_;
  std::size_t max_;
};

}  // namespace integrity::schema
