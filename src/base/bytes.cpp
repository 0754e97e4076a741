#include "base/bytes.hpp"

#include <array>

namespace integrity {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// Regroups bits: hex, base32 and base64 differ only in how many bits a character carries.
std::string encode(ByteView bytes, std::string_view alphabet, unsigned width) {
  std::string out;
  out.reserve((bytes.size() * 8 + width - 1) / width + 3);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (held += 8; held >= width; held -= width) {
      out += alphabet[bits >> (held - width) & ((1U << width) - 1)];
    }
    bits &= (1U << held) - 1;
  }
  if (held > 0) out += alphabet[bits << (width - held) & ((1U << width) - 1)];
  return out;
}

using Reverse = std::array<std::int8_t, 256>;
constexpr Reverse reverse(std::string_view alphabet) {
  Reverse table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}
constexpr Reverse kFromHex = reverse(kHex), kFromBase64Url = reverse(kBase64Url);

std::optional<Bytes> decode(std::string_view text, const Reverse& table, unsigned width) {
  Bytes out;
  out.reserve(text.size() * width / 8);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (char c : text) {
    const auto value = table[static_cast<std::uint8_t>(c)];
    if (value < 0) return {};
    bits = bits << width | static_cast<std::uint32_t>(value);
    held += width;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> held));
      bits &= (1U << held) - 1;
    }
  }
  // Left-over bits must be fewer than a character's and all zero, or two texts would mean the same bytes.
  if (held >= width || bits != 0) return {};
  return out;
}

}  // namespace

// Not by `encode`: ids are written on every request.
std::string to_hex(ByteView bytes) {
  std::string out(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out[2 * i] = kHex[bytes[i] >> 4];
    out[2 * i + 1] = kHex[bytes[i] & 15];
  }
  return out;
}
std::optional<Bytes> from_hex(std::string_view text) {
  return decode(text, kFromHex, 4);
}

std::string to_base64(ByteView bytes) {
  std::string out = encode(bytes, kBase64, 6);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}
std::string to_base64url(ByteView bytes) {
  return encode(bytes, kBase64Url, 6);
}
std::optional<Bytes> from_base64url(std::string_view text) {
  return decode(text, kFromBase64Url, 6);
}

std::string to_base32(ByteView bytes) {
  return encode(bytes, kBase32, 5);
}

std::optional<std::size_t> count_code_points(std::string_view utf8) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < utf8.size(); ++count) {
    const auto lead = static_cast<std::uint8_t>(utf8[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || utf8.size() - i < length) return {};
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<std::uint8_t>(utf8[i + k]) & 0xc0) != 0x80) return {};
    }
    if (length > 2) {  // Unicode 15 table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF
      const auto second = static_cast<std::uint8_t>(utf8[i + 1]);
      if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
          (lead == 0xf4 && second > 0x8f)) {
        return {};
      }
    }
    i += length;
  }
  return count;
}

}  // namespace integrity
