#include "auth/recovery_code.hpp"

#include "auth/typed_code.hpp"
#include "base/ascii.hpp"
#include "crypto/digest.hpp"

namespace integrity::auth {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kCharacters = recovery_code_bytes * 8 / 5;

char canonical(char c) {
  c = ascii_upper(c);
  if (c == 'O') return '0';
  if (c == 'I' || c == 'L') return '1';
  return c;
}

std::string write(ByteView bits) {
  std::string out;
  unsigned held = 0;
  std::uint32_t value = 0;
  for (std::uint8_t byte : bits) {
    value = value << 8 | byte;
    for (held += 8; held >= 5; held -= 5) out += kAlphabet[value >> (held - 5) & 31];
  }
  return out;  // 120 bits are exactly 24 characters: none are left over
}

}  // namespace

std::vector<std::string> make_recovery_codes(Random& random) {
  std::vector<std::string> codes;
  for (std::size_t i = 0; i < recovery_codes_count; ++i) {
    codes.push_back(write(random.bytes(recovery_code_bytes)));
  }
  return codes;
}

std::optional<Bytes> parse_recovery_code(std::string_view text) {
  Bytes bits;
  unsigned held = 0;
  std::uint32_t value = 0;
  std::size_t characters = 0;
  for (char c : without_spaces(text)) {
    if (c == '-') continue;
    const auto digit = kAlphabet.find(canonical(c));
    if (digit == std::string_view::npos || ++characters > kCharacters) return {};
    value = value << 5 | static_cast<std::uint32_t>(digit);
    held += 5;
    if (held >= 8) {
      held -= 8;
      bits.push_back(static_cast<std::uint8_t>(value >> held));
    }
  }
  if (characters != kCharacters) return {};
  return bits;
}

model::Digest recovery_code_hash(const Secret& key, const UserId& user, ByteView bits) {
  Bytes text(user.bytes.begin(), user.bytes.end());
  text.insert(text.end(), bits.begin(), bits.end());
  const auto hash = crypto::hmac_sha256(key.reveal(), text);
  wipe(text);
  return hash;
}

}  // namespace integrity::auth
