// Codes as people type or paste them. Apps show "123 456", some with a no-break or a thin space: spaces do not count.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace integrity::auth {

// For a pattern of JSON Schema, as JSON text: the spaces that `without_spaces` leaves out.
inline constexpr std::string_view typed_spaces = R"( \u00a0\u2000-\u200a\u202f\u3000)";

// `text` is UTF-8.
std::string without_spaces(std::string_view text);

// The six digits of a TOTP code; nothing if it is anything else.
std::optional<std::string> parse_code(std::string_view text);

}  // namespace integrity::auth
