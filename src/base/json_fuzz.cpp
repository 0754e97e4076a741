#include "base/json.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/json_document.hpp"
#include "testing/fuzzing.hpp"

namespace integrity::json {
namespace {

using fuzzing::holds;

// A second implementation of the grammar, by recursive descent, written for simplicity.
class Reference {
 public:
  explicit Reference(std::string_view text) : rest_(text) {}

  bool whole() {
    if (!count_code_points(rest_)) return false;
    blanks();
    if (!value(1)) return false;
    blanks();
    return rest_.empty();
  }

 private:
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void blanks() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos) {
      rest_.remove_prefix(1);
    }
  }
  bool value(std::size_t depth) {
    if (peek() == '{') return depth <= depth_max && object(depth);
    if (peek() == '[') return depth <= depth_max && array(depth);
    std::string ignored;
    if (peek() == '"') return string(ignored);
    return take("true") || take("false") || take("null") || number();
  }
  bool array(std::size_t depth) {
    take("[");
    blanks();
    if (take("]")) return true;
    do {
      blanks();
      if (!value(depth + 1)) return false;
      blanks();
    } while (take(","));
    return take("]");
  }
  bool object(std::size_t depth) {
    std::vector<std::string> names;
    take("{");
    blanks();
    if (take("}")) return true;
    do {
      std::string name;
      blanks();
      if (!string(name) || std::find(names.begin(), names.end(), name) != names.end()) return false;
      names.push_back(name);
      blanks();
      if (!take(":")) return false;
      blanks();
      if (!value(depth + 1)) return false;
      blanks();
    } while (take(","));
    return take("}");
  }
  // Appends the decoded text to `out`, so that names can be compared.
  bool string(std::string& out) {
    if (!take("\"")) return false;
    while (!take("\"")) {
      if (rest_.empty() || static_cast<unsigned char>(peek()) < 0x20) return false;
      if (!take("\\")) {
        out += rest_.front();
        rest_.remove_prefix(1);
      } else if (!escape(out)) {
        return false;
      }
    }
    return true;
  }
  bool escape(std::string& out) {
    static constexpr std::string_view kNames = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    if (const auto at = kNames.find(peek()); !rest_.empty() && at != std::string_view::npos) {
      out += kMeant[at];
      rest_.remove_prefix(1);
      return true;
    }
    unsigned unit = 0, low = 0;
    if (!take("u") || !four_digits(unit) || (unit >= 0xdc00 && unit < 0xe000)) return false;
    if (unit < 0xd800 || unit >= 0xe000) {
      append_utf8(out, unit);
      return true;
    }
    if (!take("\\u") || !four_digits(low) || low < 0xdc00 || low >= 0xe000) return false;
    append_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
    return true;
  }
  bool four_digits(unsigned& unit) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    for (int i = 0; i < 4; ++i) {
      char c = peek();
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
      const auto digit = kDigits.find(c);
      if (rest_.empty() || digit == std::string_view::npos) return false;
      unit = unit * 16 + static_cast<unsigned>(digit);
      rest_.remove_prefix(1);
    }
    return true;
  }
  static void append_utf8(std::string& out, unsigned point) {
    const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (point >> shift & 0x3f)); };
    if (point < 0x80) {
      out += static_cast<char>(point);
    } else if (point < 0x800) {
      out += static_cast<char>(0xc0 | point >> 6);
      tail(0);
    } else if (point < 0x10000) {
      out += static_cast<char>(0xe0 | point >> 12);
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xf0 | point >> 18);
      tail(12);
      tail(6);
      tail(0);
    }
  }
  std::size_t digits() {
    std::size_t count = 0;
    for (; peek() >= '0' && peek() <= '9'; ++count) rest_.remove_prefix(1);
    return count;
  }
  bool number() {
    take("-");
    if (!take("0") && digits() == 0) return false;
    if (take(".") && digits() == 0) return false;
    if (!take("e") && !take("E")) return true;
    if (!take("+")) take("-");
    return digits() > 0;
  }

  std::string_view rest_;
};

bool same(const Value& a, const Value& b) {
  return a.kind == b.kind && a.text == b.text && a.names == b.names &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same);
}

FUZZ_TARGET(json) {
  const auto value = parse(input);
  holds(value.has_value() == Reference(input).whole(), "exactly what the grammar allows is accepted");
  if (!value) {
    holds(value.error().code == Code::malformed_json, "the error is malformed_json");
    holds(count_code_points(value.error().detail).has_value(), "the detail of an error is UTF-8");
    holds(parse(json::quoted(input)).has_value(), "any bytes, quoted, are JSON");
    return;
  }
  const auto again = parse(serialize(*value));
  holds(again && same(*value, *again), "a value that is written and read is the same value");
  holds(parse(" \t\r\n" + std::string(input) + "\n").has_value(), "white space around a value changes nothing");
}

}  // namespace
}  // namespace integrity::json
