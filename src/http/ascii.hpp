// Characters of HTTP's grammar (RFC 9110 §5.6, RFC 3986). Never the locale's opinion.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace integrity::http {

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_alnum(char c) {
  return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

constexpr bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// Which of a set each byte belongs to: one load per character where every request passes.
template <class Predicate>
constexpr std::array<bool, 256> character_table(Predicate predicate) {
  std::array<bool, 256> table{};
  for (unsigned i = 0; i < 256; ++i) table[i] = predicate(static_cast<char>(i));
  return table;
}

inline constexpr auto token_characters = character_table(
    [](char c) { return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos; });

// field-content: visible characters, space, tab and obs-text.
inline constexpr auto value_characters = character_table([](char c) { return c == '\t' || !is_control(c); });

inline bool all_of(std::string_view text, const std::array<bool, 256>& table) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return table[static_cast<unsigned char>(c)]; });
}

inline bool is_token(std::string_view text) {
  return !text.empty() && all_of(text, token_characters);
}

inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

// Without optional white space (SP, HTAB) at both ends.
inline std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Up to the first `separator`, which is taken too: `rest` is what follows it, empty at the end.
inline std::string_view take_until(std::string_view& rest, char separator) {
  const auto at = rest.find(separator);
  const auto part = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return part;
}

}  // namespace integrity::http
