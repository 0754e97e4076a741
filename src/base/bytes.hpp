// Bytes and their text forms. Every decoder is strict: a text is accepted only if encoding the result
// gives the same text again (no stray padding, no set trailing bits, one case).
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace integrity {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(ByteView bytes);  // lower case
std::optional<Bytes> from_hex(std::string_view text);

std::string to_base64(ByteView bytes);     // RFC 4648 §4, padded
std::string to_base64url(ByteView bytes);  // RFC 4648 §5, without padding: RFC 7515 §2
std::optional<Bytes> from_base64url(std::string_view text);

std::string to_base32(ByteView bytes);  // RFC 4648 §6, without padding

// UTF-8 code points, or nullopt where the bytes are not valid UTF-8 (overlong forms and surrogates included).
std::optional<std::size_t> count_code_points(std::string_view utf8);

}  // namespace integrity
