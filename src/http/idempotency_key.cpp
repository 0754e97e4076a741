#include "http/idempotency_key.hpp"

#include <optional>

#include "http/ascii.hpp"

namespace integrity::http {
namespace {

constexpr auto visible_characters = character_table([](char c) { return c > ' ' && c <= '~'; });

// The text between the quotes. Nothing unless the quoted string is the whole value.
std::optional<std::string> unquoted(std::string_view value) {
  std::string text;
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (value[i] == '"') return i + 1 == value.size() ? std::optional(std::move(text)) : std::nullopt;
    if (value[i] == '\\') {
      ++i;
      if (i == value.size() || (value[i] != '"' && value[i] != '\\')) return {};
    }
    text += value[i];
  }
  return {};
}

}  // namespace

Result<std::string> parse_idempotency_key(std::string_view value) {
  auto key = value.starts_with('"') ? unquoted(value) : std::optional<std::string>(value);
  if (!key || key->empty() || key->size() > idempotency_key_max || !all_of(*key, visible_characters)) {
    return Error{Code::bad_request, "Idempotency-Key is 1 to 255 visible ASCII characters, bare or in quotes"};
  }
  return std::move(*key);
}

}  // namespace integrity::http
