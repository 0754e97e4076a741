// Codes as people type or paste them. Apps show "123 456", some with a no-break or a thin space: spaces are ignored.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace integrity::auth {

// The spaces that `without_spaces` leaves out, as they stand between [ and ] in a pattern of JSON Schema.
inline constexpr std::string_view typed_spaces = R"( \u00a0\u2000-\u200a\u202f\u3000)";

// `text` is UTF-8.
std::string without_spaces(std::string_view text);

// The six digits of a TOTP code; nothing if it is anything else.
std::optional<std::string> parse_code(std::string_view text);

}  // namespace integrity::auth
