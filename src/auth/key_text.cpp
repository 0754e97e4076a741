#include "auth/key_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "crypto/digest.hpp"

namespace integrity::auth {
namespace {

constexpr std::string_view kBase62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kRandomCharacters = 43;  // 62^43 > 2^256
constexpr std::size_t kSumCharacters = 6;      // 62^6 > 2^32

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? value >> 1 ^ 0xedb88320U : value >> 1;
    table[i] = value;
  }
  return table;
}
constexpr auto kCrcTable = crc_table();

// CRC-32 of IEEE 802.3, as zlib and PNG have it.
std::uint32_t crc32(std::string_view text) {
  std::uint32_t value = 0xffffffffU;
  for (const char c : text) value = value >> 8 ^ kCrcTable[(value ^ static_cast<std::uint8_t>(c)) & 0xff];
  return ~value;
}

// The digits of a number, the most significant first, padded with zeros. `number` has its most significant byte first
// and is used up.
std::string base62(std::span<std::uint8_t> number, std::size_t characters) {
  std::string out(characters, kBase62[0]);
  for (auto digit = out.rbegin(); digit != out.rend(); ++digit) {
    unsigned rest = 0;
    for (std::uint8_t& byte : number) {
      const unsigned value = rest << 8 | byte;
      byte = static_cast<std::uint8_t>(value / 62);
      rest = value % 62;
    }
    *digit = kBase62[rest];
  }
  return out;
}

std::string sum_of(std::string_view text) {
  const std::uint32_t crc = crc32(text);
  std::array<std::uint8_t, 4> number{static_cast<std::uint8_t>(crc >> 24), static_cast<std::uint8_t>(crc >> 16),
                                     static_cast<std::uint8_t>(crc >> 8), static_cast<std::uint8_t>(crc)};
  return base62(number, kSumCharacters);
}

}  // namespace

std::string make_key_text(Random& random) {
  Bytes bits = random.bytes(key_bits_bytes);
  std::string text(key_prefix);
  text += base62(bits, kRandomCharacters);
  return text + sum_of(text);
}

bool is_key_text(std::string_view text) {
  if (text.size() != key_characters || !text.starts_with(key_prefix)) return false;
  if (text.find_first_not_of(kBase62, key_prefix.size()) != std::string_view::npos) return false;
  return text.substr(key_characters - kSumCharacters) == sum_of(text.substr(0, key_characters - kSumCharacters));
}

model::Digest key_hash(std::string_view text) {
  return crypto::sha256(as_bytes(text));
}

}  // namespace integrity::auth
