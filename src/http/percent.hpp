// Percent-encoding (RFC 3986 §2.1). Decoding is strict: two hex digits behind every '%', and UTF-8 afterwards.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace integrity::http {

enum class Plus : std::uint8_t { is_plus, is_space };  // paths; form-encoded queries

// Nothing for a bad escape and for bytes that are not UTF-8.
std::optional<std::string> percent_decode(std::string_view text, Plus plus);

// All but unreserved characters (§2.3) as %XX.
std::string percent_encode(std::string_view text);

}  // namespace integrity::http
