#include "base/printable.hpp"

#include "base/blank.hpp"
#include "base/bytes.hpp"

namespace integrity {
namespace {

// The first character, or the first byte where the text is not UTF-8.
std::string_view first_of(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  const auto character = text.substr(0, lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);
  return count_code_points(character) == 1 ? character : text.substr(0, 1);
}

bool is_visible(std::string_view character) {
  const auto lead = static_cast<std::uint8_t>(character.front());
  if (character.size() == 1) return lead >= 0x20 && lead < 0x7f;
  if (lead == 0xc2 && static_cast<std::uint8_t>(character[1]) < 0xa0) return false;  // controls U+0080–U+009F
  if (character.starts_with("\xf3\xa0")) return false;                               // tags U+E0000–U+E0FFF
  return !is_blank(character);
}

void append_escaped(std::string& out, std::string_view character) {
  for (const char byte : character) out += "\\x" + to_hex(as_bytes({&byte, 1}));
}

}  // namespace

std::string printable(std::string_view text, std::size_t max) {
  std::string out = "\"";
  for (std::size_t count = 0; !text.empty(); ++count) {
    if (count == max) return out + "\"…";
    const auto next = first_of(text);
    if (next == "\"" || next == "\\") out += '\\';
    is_visible(next) ? void(out += next) : append_escaped(out, next);
    text.remove_prefix(next.size());
  }
  return out + '"';
}

std::string visible(std::string_view message) {
  std::string out;
  for (std::size_t at = 0; (at = message.find("\n  ")) != std::string_view::npos; message.remove_prefix(at + 1)) {
    out += visible_line(message.substr(0, at)) + '\n';
  }
  return out + visible_line(message);
}

std::string visible_line(std::string_view message) {
  std::string out;
  while (!message.empty()) {
    const auto next = first_of(message);
    is_visible(next) ? void(out += next) : append_escaped(out, next);
    message.remove_prefix(next.size());
  }
  return out;
}

}  // namespace integrity
