#include "auth/key_text.hpp"

#include <algorithm>

#include "testing/fuzzing.hpp"

namespace integrity::auth {
namespace {

using fuzzing::holds;

constexpr std::string_view kBase62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

class TheseBits final : public Random {
 public:
  explicit TheseBits(ByteView bits) : bits_(bits.begin(), bits.end()) {}
  void fill(std::span<std::uint8_t> out) override {
    std::copy_n(bits_.begin(), std::min(out.size(), bits_.size()), out.begin());
  }

 private:
  Bytes bits_;
};

// CRC-32 bit by bit, as the standard describes it.
std::uint32_t slow_crc(std::string_view text) {
  std::uint32_t value = 0xffffffffU;
  for (const char c : text) {
    value ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (0xedb88320U & -(value & 1));
  }
  return ~value;
}

bool slow_is_key(std::string_view text) {
  if (text.size() != 53 || text.substr(0, 4) != "dik_") return false;
  const auto digits = text.substr(4);
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return kBase62.find(c) != kBase62.npos; })) return false;
  std::uint64_t sum = 0;
  for (const char c : digits.substr(43)) sum = sum * 62 + kBase62.find(c);
  return sum == slow_crc(text.substr(0, 47));
}

// The 256 bits of a key, by multiplication.
Bytes bits_of(std::string_view key) {
  Bytes bits(key_bits_bytes);
  for (const char c : key.substr(4, 43)) {
    auto carry = static_cast<unsigned>(kBase62.find(c));
    for (auto byte = bits.rbegin(); byte != bits.rend(); ++byte) {
      carry += *byte * 62U;
      *byte = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
  }
  return bits;
}

FUZZ_TARGET(key_text) {
  holds(is_key_text(input) == slow_is_key(input), "a key is what the reference takes for one");
  Bytes bits(input.begin(), input.end());
  bits.resize(key_bits_bytes);
  TheseBits chance(bits);
  const auto text = make_key_text(chance);
  holds(is_key_text(text), "what is made is a key");
  holds(bits_of(text) == bits, "a key means its bits");
  if (input.size() == 53) {  // with the right sum, almost every change is accepted if the characters are right
    std::string altered(input);
    altered.replace(0, 4, "dik_");
    std::uint32_t sum = slow_crc(std::string_view(altered).substr(0, 47));
    for (std::size_t at = 53; at > 47; sum /= 62) altered[--at] = kBase62[sum % 62];
    holds(is_key_text(altered) == slow_is_key(altered), "a right sum does not make up for wrong characters");
  }
}

}  // namespace
}  // namespace integrity::auth
