#include "schema/pattern.hpp"

#include <re2/re2.h>

#include "base/ascii.hpp"
#include "base/blank.hpp"
#include "base/json_document.hpp"
#include "schema/rules.hpp"

namespace integrity::schema {
namespace {

constexpr std::size_t kExpressionMax = 1000;        // bytes
constexpr std::int64_t kCompiledMax = 1024 * 1024;  // bytes; repetitions within repetitions grow fast
constexpr Text kExpression{.min = 1, .max = kExpressionMax};

bool is_repetition(std::string_view expression) {
  const auto end = expression.find('}');
  if (end == std::string_view::npos || end < 2) return false;
  const auto counts = expression.substr(1, end - 1);
  return is_digit(counts.front()) && counts.find_first_not_of("0123456789,") == std::string_view::npos &&
         counts.find(',') == counts.rfind(',');
}

// What RE2 accepts, but ECMA-262 (which JSON Schema refers to, with the u flag or without) or Python refuses or reads
// in another way. Empty: nothing.
std::string only_in_re2(std::string_view expression) {
  constexpr std::string_view kEscaped = R"(^$\.*+?()[]{}|/-)";
  bool in_class = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const auto rest = expression.substr(i);
    const char c = rest.front();
    if (c == '\\') {
      if (rest.size() < 2) return R"(must not end with \)";
      if (kEscaped.find(rest[1]) == std::string_view::npos) {
        return R"(has a \ that languages read differently, as in \d: list the characters in a class, such as [0-9])";
      }
      if (rest[1] == '-' && !in_class) return R"(must not have \- outside a class: - needs no \ there)";
      ++i;
    } else if (in_class) {
      if (c == '[') return R"(must have \[ in place of [ in a class)";
      if (c == ']') in_class = false;
    } else if (c == '[') {
      in_class = true;
      if (rest.starts_with("[^")) ++i;
      if (rest.starts_with("[]") || rest.starts_with("[^]")) return "must not have an empty class";
    } else if (rest.starts_with("(?") && !rest.starts_with("(?:")) {
      return "must not have (? other than (?:";
    } else if (c == '{') {
      if (!is_repetition(rest)) return R"(must have \{ in place of a { that does not begin a repetition)";
      i += rest.find('}');
    } else if (c == '}' || c == ']') {
      return std::string("must have \\") + c + " in place of " + c;
    }
  }
  return {};
}

bool begins_or_ends_blank(std::string_view text) {
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80; };
  std::size_t first = 1, last = text.size() - 1;
  while (first < text.size() && continues(first)) ++first;
  while (continues(last)) --last;
  return is_blank(text.substr(0, first)) || is_blank(text.substr(last));
}

}  // namespace

Pattern::Pattern(std::shared_ptr<const re2::RE2> expression, std::size_t max)
    : expression_(std::move(expression)), max_(max) {}

Result<Pattern> Pattern::compile(std::string_view expression, std::size_t max) {
  const auto wrong = [](std::string why) { return Error{Code::invalid_value, std::move(why)}; };
  std::string why;
  if (!kExpression.read(json::string(expression), why)) return wrong(std::move(why));
  if (why = only_in_re2(expression); !why.empty()) return wrong(std::move(why));
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_never_capture(true);
  options.set_max_mem(kCompiledMax);
  auto compiled = std::make_shared<const re2::RE2>(re2::StringPiece(expression.data(), expression.size()), options);
  if (!compiled->ok()) return wrong("is not a regular expression: " + compiled->error());
  return Pattern(std::move(compiled), max);
}

std::optional<std::string> Pattern::read(const json::Value& json, std::string& why) const {
  auto text = Text{.min = 1, .max = max_}.read(json, why);
  if (!text) return {};
  if (begins_or_ends_blank(*text)) {
    why = "must not begin or end with a blank";
    return {};
  }
  if (!re2::RE2::FullMatch(*text, *expression_)) {
    why = "must match the pattern that the operator of this server chose: " + expression_->pattern();
    return {};
  }
  return text;
}

// `not` has the rules that hold for every expression. It says "string", since null matches every pattern.
json::Value Pattern::describe() const {
  const auto refused = "^[" + blank_in_class() + "]|[" + blank_in_class() + "]$|[" + control_in_class() + ']';
  return json::object({{"type", json::string("string")},
                       {"minLength", json::number(1)},
                       {"maxLength", json::number(static_cast<std::int64_t>(max_))},
                       {"pattern", json::string("^(?:" + expression_->pattern() + ")$")},
                       {"not", json::object({{"type", json::string("string")}, {"pattern", json::string(refused)}})}});
}

}  // namespace integrity::schema
