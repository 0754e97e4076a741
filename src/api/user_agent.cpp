#include "api/user_agent.hpp"

#include "base/bytes.hpp"

namespace integrity::api {
namespace {

// The bytes of the character that begins here; 0 where there is none.
std::size_t character_size(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    if (count_code_points(text.substr(0, size)) == 1) return size;
  }
  return 0;
}

// C0 with DEL, and C1 (U+0080 to U+009F).
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  return character.size() == 2 && first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

}  // namespace

std::optional<std::string> shown_user_agent(std::optional<std::string_view> header) {
  if (!header || header->empty()) return {};
  std::string shown;
  std::size_t count = 0;
  for (auto rest = *header; !rest.empty() && count < user_agent_code_points_max;) {
    const auto size = character_size(rest);
    const auto character = rest.substr(0, size == 0 ? 1 : size);
    rest.remove_prefix(character.size());
    if (size != 0 && is_control(character)) continue;
    shown += size == 0 ? std::string_view("\xef\xbf\xbd") : character;
    ++count;
  }
  return shown;
}

}  // namespace integrity::api
