#include "base/blank.hpp"

#include <algorithm>
#include <cstdint>

namespace integrity {
namespace {

// Unicode 15: PropList.txt, DerivedCoreProperties.txt.
constexpr CodePoints kBlank[] = {
    {0x0009, 0x000d}, {0x0020, 0x0020}, {0x0085, 0x0085}, {0x00a0, 0x00a0}, {0x00ad, 0x00ad}, {0x034f, 0x034f},
    {0x061c, 0x061c}, {0x115f, 0x1160}, {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f},
    {0x2028, 0x202f}, {0x205f, 0x206f}, {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfff8},
};

// Removes and returns the first code point; a byte where the text is not UTF-8.
char32_t take_code_point(std::string_view& text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  const std::size_t length = std::min<std::size_t>(lead < 0xc0   ? 1
                                                   : lead < 0xe0 ? 2
                                                   : lead < 0xf0 ? 3
                                                                 : 4,
                                                   text.size());
  char32_t code_point = length == 1 ? lead : lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) code_point = code_point << 6 | (static_cast<std::uint8_t>(text[i]) & 0x3f);
  text.remove_prefix(length);
  return code_point;
}

}  // namespace

std::span<const CodePoints> blank_code_points() {
  return kBlank;
}

bool is_blank(std::string_view text) {
  while (!text.empty()) {
    const char32_t next = take_code_point(text);
    const auto holds_next = [next](const CodePoints& each) { return next >= each.first && next <= each.last; };
    if (std::none_of(std::begin(kBlank), std::end(kBlank), holds_next)) return false;
  }
  return true;
}

}  // namespace integrity
