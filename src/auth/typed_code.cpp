#include "auth/typed_code.hpp"

#include <algorithm>

#include "auth/totp.hpp"

namespace integrity::auth {
namespace {

// The number of bytes of the space that `text` begins with; 0 where it begins with something else.
std::size_t space_at(std::string_view text) {
  if (text.starts_with(' ')) return 1;
  if (text.starts_with("\u00a0")) return 2;
  if (text.starts_with("\u202f") || text.starts_with("\u3000")) return 3;
  if (text.size() < 3 || !text.starts_with("\xe2\x80")) return 0;
  const auto last = static_cast<unsigned char>(text[2]);
  return last >= 0x80 && last <= 0x8a ? 3 : 0;  // U+2000 to U+200A
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::string without_spaces(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t space = space_at(text);
    if (space == 0) out += text.front();
    text.remove_prefix(std::max<std::size_t>(space, 1));
  }
  return out;
}

std::optional<std::string> parse_code(std::string_view text) {
  auto digits = without_spaces(text);
  if (digits.size() != totp_digits || !std::all_of(digits.begin(), digits.end(), is_digit)) return {};
  return digits;
}

}  // namespace integrity::auth
