#include "base/bytes.hpp"
#include "base/printable.hpp"
#include "testing/fuzzing.hpp"

namespace integrity {
namespace {

using fuzzing::holds;

// Removes the quotes and undoes the escapes.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else if (text[++i] == 'x') {
      out += as_text(*from_hex(text.substr(i + 1, 2)));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

FUZZ_TARGET(printable) {
  const auto whole = printable(input, input.size());
  holds(unescaped(whole) == input, "nothing is lost, and no two texts are printed alike");
  const auto cut = printable(input, 10);
  holds(cut.size() <= 10 * 16 + 5, "a cut text is short");
  for (const auto& text : {whole, cut}) {
    holds(count_code_points(text).has_value(), "what is printed is UTF-8");
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      const bool c1 = byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
      holds(byte >= 0x20 && byte != 0x7f && !c1, "no control character is printed");
    }
  }
}

}  // namespace
}  // namespace integrity
