#include "base/bytes.hpp"

#include "testing/fuzzing.hpp"

namespace integrity {
namespace {

using fuzzing::holds;

// Strict in both directions: what the decoder accepts is what the encoder writes, and the reverse.
template <class Read, class Write>
void round_trip(std::string_view input, Read read, Write write) {
  if (const auto bytes = read(input)) holds(write(*bytes) == input, "an accepted text is the only text of its bytes");
  const auto bytes = as_bytes(input);
  const auto back = read(write(bytes));
  holds(back && as_text(*back) == input, "bytes that are written and read are the same bytes");
}

// Unicode 15 §3.9: decodes first and checks afterwards that this is the only way to write the code point.
std::optional<std::size_t> count_slowly(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(text[i])); };
    const unsigned lead = byte(at);
    std::size_t length = 1;
    while (length < 8 && lead >> (7 - length) & 1) ++length;
    if (lead < 0x80) {
      ++at;
      continue;
    }
    if (length > 4 || !(lead >> 6 & 1) || text.size() - at < length) return {};
    unsigned point = lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
      if (byte(at + i) >> 6 != 2) return {};
      point = point << 6 | (byte(at + i) & 0x3f);
    }
    const std::size_t shortest = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (shortest != length || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return {};
    at += length;
  }
  return count;
}

FUZZ_TARGET(bytes) {
  round_trip(input, from_hex, to_hex);
  round_trip(input, from_base64url, to_base64url);
  const auto base64 = to_base64(as_bytes(input));
  holds(base64.size() % 4 == 0 && base64.size() == (input.size() + 2) / 3 * 4, "base64 is padded to fours");
  holds(count_code_points(input) == count_slowly(input), "code points are counted as Unicode defines UTF-8");
}

}  // namespace
}  // namespace integrity
