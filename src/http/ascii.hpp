// Characters of HTTP's grammar (RFC 9110 §5.6, RFC 3986), independent of the locale.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/ascii.hpp"

namespace integrity::http {

constexpr bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// Whether each byte belongs to a set: one load per character, because every request is checked with it.
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

}  // namespace integrity::http
