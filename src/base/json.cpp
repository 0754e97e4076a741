#include "base/json.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>

#include "base/ascii.hpp"
#include "base/bytes.hpp"

namespace integrity::json {
namespace {

namespace bj = boost::json;

// Builds Values from the parser's events. Names and signatures are those that boost::json::basic_parser calls.
struct Builder {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  std::vector<Value> open;  // containers not yet closed; at the end the finished value alone
  std::string text;         // of the token being read, which may come in parts
  bool duplicate = false;

  void put(Value value) {
    if (open.empty() || (open.back().kind != Value::Kind::array && open.back().kind != Value::Kind::object)) {
      open.push_back(std::move(value));
    } else {
      open.back().items.push_back(std::move(value));
    }
  }
  bool put_scalar(Value::Kind kind, std::string_view rest) {
    text += rest;
    Value value;
    value.kind = kind;
    value.text = std::move(text);
    text.clear();
    put(std::move(value));
    return true;
  }
  bool begin(Value::Kind kind) {
    Value value;
    value.kind = kind;
    open.push_back(std::move(value));
    return true;
  }
  bool end() {
    if (open.size() == 1) return true;
    Value value = std::move(open.back());
    open.pop_back();
    open.back().items.push_back(std::move(value));
    return true;
  }
  static std::string_view view(bj::string_view s) { return {s.data(), s.size()}; }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) { return begin(Value::Kind::object); }
  bool on_object_end(std::size_t, bj::error_code&) {
    if (open.back().names.size() > 16) {  // with fewer, on_key has compared them
      auto names = open.back().names;
      std::sort(names.begin(), names.end());
      if (std::adjacent_find(names.begin(), names.end()) != names.end()) duplicate = true;
    }
    return end();
  }
  bool on_array_begin(bj::error_code&) { return begin(Value::Kind::array); }
  bool on_array_end(std::size_t, bj::error_code&) { return end(); }
  bool on_key_part(bj::string_view s, std::size_t, bj::error_code&) {
    text += view(s);
    return true;
  }
  bool on_key(bj::string_view s, std::size_t, bj::error_code&) {
    text += view(s);
    auto& names = open.back().names;
    if (names.size() < 16 && std::find(names.begin(), names.end(), text) != names.end()) duplicate = true;
    names.push_back(std::move(text));
    text.clear();
    return true;
  }
  bool on_string_part(bj::string_view s, std::size_t, bj::error_code&) {
    text += view(s);
    return true;
  }
  bool on_string(bj::string_view s, std::size_t, bj::error_code&) { return put_scalar(Value::Kind::string, view(s)); }
  bool on_number_part(bj::string_view s, bj::error_code&) {
    text += view(s);
    return true;
  }
  bool on_int64(std::int64_t, bj::string_view s, bj::error_code&) { return put_scalar(Value::Kind::number, view(s)); }
  bool on_uint64(std::uint64_t, bj::string_view s, bj::error_code&) { return put_scalar(Value::Kind::number, view(s)); }
  bool on_double(double, bj::string_view s, bj::error_code&) { return put_scalar(Value::Kind::number, view(s)); }
  bool on_bool(bool b, bj::error_code&) { return put_scalar(Value::Kind::boolean, b ? "true" : "false"); }
  bool on_null(bj::error_code&) { return put_scalar(Value::Kind::null, ""); }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }
};

// boost::json refuses exponents beyond 32 bits, even for 0. One of more than nine digits becomes 999999999, filled up
// with zeros to its old length. No body has room for the digits that would make up for it: the number stays 0, too
// large or too small.
std::string with_short_exponents(std::string text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\') ++i;
    if (quoted || i == 0 || (text[i] != 'e' && text[i] != 'E') || !is_digit(text[i - 1])) continue;
    std::size_t begin = i + 1;
    if (begin < text.size() && (text[begin] == '+' || text[begin] == '-')) ++begin;
    std::size_t end = begin;
    while (end < text.size() && is_digit(text[end])) ++end;
    const auto first = std::min(text.find_first_not_of('0', begin), end);
    if (end - first <= 9) continue;
    std::fill(text.begin() + static_cast<std::ptrdiff_t>(first), text.begin() + static_cast<std::ptrdiff_t>(end), '0');
    std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(end - 9), 9, '9');
  }
  return text;
}

// The text around the byte at which reading ended: a byte number alone is hard to find.
std::string around(std::string_view text, std::size_t at) {
  constexpr std::size_t shown_max = 16;
  const auto is_inside = [&](std::size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
  };
  std::size_t begin = at - std::min(at, shown_max), end = at + std::min(text.size() - at, shown_max);
  while (begin < at && is_inside(begin)) ++begin;  // no half characters
  while (end > at && is_inside(end)) --end;
  const auto before = text.substr(begin, at - begin), after = text.substr(at, end - at);
  const auto is_text = [](std::string_view part) { return !part.empty() && count_code_points(part).has_value(); };
  std::string out = " at byte " + std::to_string(at);
  if (is_text(before)) out += ", after " + std::string(begin > 0 ? "…" : "") + std::string(before);
  if (is_text(after)) out += ", before " + std::string(after) + (end < text.size() ? "…" : "");
  return out;
}

Error malformed(std::string detail) {
  return {Code::malformed_json, std::move(detail)};
}

}  // namespace

const Value* Value::find(std::string_view name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? nullptr : &items[static_cast<std::size_t>(found - names.begin())];
}

Result<Value> parse(std::string_view text) {
  bj::parse_options options;
  options.max_depth = depth_max;
  bj::basic_parser<Builder> parser(options);
  bj::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (error == bj::error::exponent_overflow) {
    const auto shortened = with_short_exponents(std::string(text));
    if (shortened != text) return parse(shortened);
  }
  if (!error && read < text.size()) return malformed("there is more after the JSON value" + around(text, read));
  if (error) {
    return malformed("the body is not JSON: " + error.message() + around(text, read));
  }
  Builder& builder = parser.handler();
  if (builder.duplicate) return malformed("an object has two members of the same name");
  return std::move(builder.open.front());
}

void append_string(std::string& out, std::string_view text) {
  static constexpr std::string_view kHexDigits = "0123456789abcdef";
  if (!count_code_points(text)) {
    std::string mended;
    for (char c : text) mended += static_cast<unsigned char>(c) < 0x80 ? std::string(1, c) : "\xef\xbf\xbd";
    append_string(out, mended);
    return;
  }
  out += '"';
  std::size_t plain = 0;  // start of the run not yet copied
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += kHexDigits[c >> 4];
        out += kHexDigits[c & 15];
    }
  }
  out.append(text, plain);
  out += '"';
}

std::string quoted(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

}  // namespace integrity::json
