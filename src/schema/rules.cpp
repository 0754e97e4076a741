#include "schema/rules.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include "base/blank.hpp"
#include "base/json_document.hpp"

namespace integrity::schema {
namespace {

using Kind = json::Value::Kind;

std::string between(std::size_t min, std::size_t max) {
  if (min == max) return std::to_string(min);
  return std::to_string(min) + " to " + std::to_string(max);
}

json::Value lengths(std::size_t min, std::size_t max) {
  json::Value schema = json::object({{"type", json::string("string")}});
  if (min > 0) json::add(schema, "minLength", json::number(static_cast<std::int64_t>(min)));
  json::add(schema, "maxLength", json::number(static_cast<std::int64_t>(max)));
  return schema;
}

json::Value with(json::Value schema, std::string_view name, json::Value value) {
  json::add(schema, name, std::move(value));
  return schema;
}

// U+0000–U+001F, U+007F and U+0080–U+009F: Unicode's category Cc.
bool has_control(std::string_view text, bool lines_allowed) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0x7f || (c < 0x20 && !(lines_allowed && (c == '\n' || c == '\t')))) return true;
    if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

bool is_string(const json::Value& json, std::string& why) {
  if (json.kind == Kind::string) return true;
  why = "must be a string";
  return false;
}

bool fits(std::string_view text, std::size_t min, std::size_t max, std::string& why) {
  const auto length = count_code_points(text);
  if (length && *length >= min && *length <= max) return true;
  why = "must have " + between(min, max) + " characters";
  return false;
}

// A code point of the first plane, for ECMA-262 and for Python.
std::string escaped(char32_t code_point) {
  const std::array bytes{static_cast<std::uint8_t>(code_point >> 8), static_cast<std::uint8_t>(code_point & 0xff)};
  return "\\u" + to_hex(bytes);
}

std::string_view below_blank(Text::Lines lines) {
  switch (lines) {
    case Text::Lines::one:
      break;
    case Text::Lines::many:
      return R"(\u0000-\u0008\u000b-\u001f)";
    case Text::Lines::normalized:
      return R"(\u0000-\u0008\u000b\u000c\u000e-\u001f)";
  }
  return R"(\u0000-\u001f)";
}

// One character that is neither a control (see above) nor in `others`; for ECMA-262 and for Python.
std::string no_control(Text::Lines lines, std::string_view others = {}) {
  return "[^" + std::string(below_blank(lines)) + R"(\u007f-\u009f)" + std::string(others) + ']';
}

// WHATWG Infra, "normalize newlines".
std::string with_line_feeds(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out += text[i];
    } else if (!text.substr(i + 1).starts_with('\n')) {
      out += '\n';
    }
  }
  return out;
}

}  // namespace

std::string blank_in_class() {
  std::string blank;
  for (const auto& [first, last] : blank_code_points()) {
    blank += escaped(first);
    if (last > first) blank += '-' + escaped(last);
  }
  return blank;
}

std::string control_in_class() {
  return std::string(below_blank(Text::Lines::one)) + R"(\u007f-\u009f)";
}

std::optional<std::string> Text::read(const json::Value& json, std::string& why) const {
  if (!is_string(json, why)) return {};
  std::string text = lines == Lines::normalized ? with_line_feeds(json.text) : json.text;
  if (!fits(text, min, max, why)) return {};
  if (has_control(text, lines != Lines::one)) {
    why = lines == Lines::one ? "must not have control characters"
                              : "must not have control characters other than line feed and tab";
    return {};
  }
  if (min > 0 && is_blank(text)) {
    why = "must not be blank";
    return {};
  }
  return text;
}

// The same as `read`: no control characters, and where there is a minimum, at least one character that can be seen.
std::string Text::pattern() const {
  const auto any = no_control(lines) + '*';
  if (min == 0) return '^' + any + '$';
  return '^' + any + no_control(lines, blank_in_class()) + any + '$';
}

json::Value Text::describe() const {
  return with(lengths(min, max), "pattern", json::string(pattern()));
}

std::string Word::pattern() const {
  std::string set;
  if (letters != Letters::none) set += "A-Z";
  if (letters == Letters::any) set += "a-z";
  if (digits) set += "0-9";
  for (char c : also) {
    // Escapes that ECMA-262 with the u flag needs in a class.
    if (c == '-' || c == '/' || c == '\\' || c == ']' || c == '^') set += '\\';
    set += c;
  }
  const std::string count = min == max ? std::to_string(min) : std::to_string(min) + ',' + std::to_string(max);
  return "^[" + set + "]{" + count + "}$";
}

std::string Word::words() const {
  std::vector<std::string> kinds;
  if (letters != Letters::none)
    kinds.emplace_back(letters == Letters::any ? "letters (a-z, A-Z)" : "capital letters (A-Z)");
  if (digits) kinds.emplace_back("digits");
  if (!also.empty()) {
    std::string marks = "any of";
    for (const char c : also) marks.append(1, ' ').append(1, c);
    kinds.push_back(std::move(marks));
  }
  if (kinds.size() == 1) return between(min, max) + ' ' + kinds.front();
  std::string list;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (i > 0) list += i + 1 == kinds.size() ? " and " : ", ";
    list += kinds[i];
  }
  return between(min, max) + " characters: " + list;
}

std::optional<std::string> Word::read(const json::Value& json, std::string& why) const {
  if (!is_string(json, why)) return {};
  const auto allowed = [this](char c) {
    if (c >= '0' && c <= '9') return digits;
    if (c >= 'A' && c <= 'Z') return letters != Letters::none;
    if (c >= 'a' && c <= 'z') return letters == Letters::any;
    return also.find(c) != std::string_view::npos;
  };
  if (json.text.size() < min || json.text.size() > max || !std::all_of(json.text.begin(), json.text.end(), allowed)) {
    why = "must be " + words();
    return {};
  }
  return json.text;
}

json::Value Word::describe() const {
  return with(lengths(min, max), "pattern", json::string(pattern()));
}

std::optional<std::string> Opaque::read(const json::Value& json, std::string& why) const {
  if (!is_string(json, why)) return {};
  if (json.text.size() > max) {
    why = "is too long";
    return {};
  }
  return json.text;
}

json::Value Opaque::describe() const {
  return lengths(0, max);
}

std::optional<Secret> SecretText::read(const json::Value& json, std::string& why) const {
  if (!is_string(json, why) || !fits(json.text, min, max, why)) return {};
  return Secret(std::string_view(json.text));
}

json::Value SecretText::describe() const {
  return with(lengths(min, max), "format", json::string("password"));
}

namespace {

// "12.50" for "12,50". Nothing for "1,234", which can mean a thousand or about one.
std::optional<std::string> with_point(const json::Value& json) {
  const auto comma = json.text.find(',');
  if (json.kind != Kind::string || comma == std::string::npos || json.text.size() - comma > 3) return {};
  std::string text = json.text;
  text[comma] = '.';
  const auto decimal = Decimal::parse_plain(text);
  if (!decimal || !Money::from(*decimal)) return {};
  return text;
}

}  // namespace

std::optional<Money> Amount::read(const json::Value& json, std::string& why) const {
  std::optional<Decimal> decimal;
  if (json.kind == Kind::number) decimal = Decimal::parse_json(json.text);
  if (json.kind == Kind::string) decimal = Decimal::parse_plain(json.text);
  const auto money = decimal ? Money::from(*decimal) : std::nullopt;
  if (money) return money;
  if (const auto meant = with_point(json)) {
    why = "must have a point instead of the comma: " + *meant;
  } else {
    why =
        "must be a decimal from 0 to 99999999999.9999 with at most 4 places, as a number or as plain digits in a "
        "string, such as \"12.50\"; it is never rounded";
  }
  return {};
}

// `double`, since some generators make 32 bits of a number without a format. A double keeps 15 significant digits
// exactly. No `multipleOf`: validators that divide doubles by 0.0001 would refuse 0.09.
json::Value Amount::describe(Components& components) const {
  const auto number = [] {
    return json::literal(R"({"type":"number","format":"double","minimum":0,"maximum":99999999999.9999})");
  };
  const auto plain = [] {
    return json::literal(R"({"type":"string","pattern":"^(-0(\\.0+)?|(0|[1-9][0-9]{0,10})(\\.[0-9]{1,4}0*)?)$"})");
  };
  if (side == Side::answer) return number();
  if (side == Side::query) return plain();
  return refer_to(
      "Price",
      json::object({{"description", json::string("A decimal with at most 4 places and 15 digits, as a number "
                                                 "or as plain digits in a string; never rounded.")},
                    {"anyOf", json::array({number(), plain()})}}),
      components);
}

std::optional<std::int64_t> Integer::read(const json::Value& json, std::string& why) const {
  std::optional<std::int64_t> value;
  if (json.kind == Kind::number) {
    if (const auto decimal = Decimal::parse_json(json.text)) value = decimal->scaled(0);
  }
  if (value && *value >= min && *value <= max) return value;
  why = "must be an integer from " + std::to_string(min) + " to " + std::to_string(max);
  return {};
}

// With a format, since some generators make 32 bits of an integer without one.
json::Value Integer::describe() const {
  using Small = std::numeric_limits<std::int32_t>;
  const bool small = min >= Small::min() && max <= Small::max();
  return json::object({{"type", json::string("integer")},
                       {"format", json::string(small ? "int32" : "int64")},
                       {"minimum", json::number(min)},
                       {"maximum", json::number(max)}});
}

std::optional<std::int64_t> NonZero::read(const json::Value& json, std::string& why) const {
  auto value = Integer::read(json, why);
  if (value != 0) return value;
  why = "must not be 0";
  return {};
}

json::Value NonZero::describe() const {
  return with(Integer::describe(), "not", json::object({{"const", json::number(0)}}));
}

std::optional<Time> Timestamp::read(const json::Value& json, std::string& why) const {
  std::optional<Time> time;
  if (json.kind == Kind::string) time = parse_rfc3339(json.text);
  if (!time) why = "must be a time like 2026-01-31T08:15:30.250Z";
  return time;
}

json::Value Timestamp::describe() const {
  return json::object({{"type", json::string("string")}, {"format", json::string("date-time")}});
}

json::Value describe_hex24() {
  return json::object({{"type", json::string("string")}, {"pattern", json::string("^[0-9a-f]{24}$")}});
}

json::Value describe_list(json::Value items) {
  return json::object({{"type", json::string("array")}, {"items", std::move(items)}});
}

json::Value describe_open_words(const std::vector<std::string_view>& words) {
  return json::object({{"type", json::string("string")}, {"x-extensible-enum", json::strings(words)}});
}

json::Value refer_to(std::string_view name, json::Value schema, Components& components) {
  const auto [known, is_new] = components.try_emplace(std::string(name), schema);
  if (!is_new && json::serialize(known->second) != json::serialize(schema)) {
    throw std::logic_error("two schemas are named " + known->first);
  }
  return json::object({{"$ref", json::string("#/components/schemas/" + known->first)}});
}

std::optional<bool> Boolean::read(const json::Value& json, std::string& why) const {
  if (json.kind == json::Value::Kind::boolean) return json.text == "true";
  why = "must be true or false";
  return {};
}

json::Value Boolean::describe() const {
  return json::object({{"type", json::string("boolean")}});
}

std::optional<std::string> OneOf::read(const json::Value& json, std::string& why) const {
  if (!is_string(json, why)) return {};
  const std::string list = ' ' + std::string(words) + ' ';
  if (json.text.find(' ') == std::string::npos && list.find(' ' + json.text + ' ') != std::string::npos) {
    return json.text;
  }
  why = "must be one of: " + std::string(words);
  return {};
}

json::Value OneOf::describe() const {
  std::vector<std::string_view> list;
  for (auto rest = words; !rest.empty();) {
    const auto word = rest.substr(0, rest.find(' '));
    list.push_back(word);
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  }
  return describe_open_words(list);
}

}  // namespace integrity::schema
