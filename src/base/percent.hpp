// Percent-encoding (RFC 3986 §2.1). Decoding is strict: two hex digits after every '%', and UTF-8 as the result.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace integrity {

enum class Plus : std::uint8_t { is_plus, is_space };  // paths; form-encoded queries

// Nothing for a bad escape and for bytes that are not UTF-8.
std::optional<std::string> percent_decode(std::string_view text, Plus plus);

// Letters, digits, "-._~" (unreserved, §2.3) and the characters in `also` as they are, every other byte as %XX.
std::string percent_encode(std::string_view text, std::string_view also = {});

}  // namespace integrity
