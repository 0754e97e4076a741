#include "http/etag.hpp"

#include "http/ascii.hpp"

namespace integrity::http {
namespace {

// etagc: visible characters but the quote, and obs-text (RFC 9110 §8.8.3). No blanks, no escapes.
constexpr auto tag_characters = character_table([](char c) { return c != ' ' && c != '"' && !is_control(c); });

std::optional<EntityTag> take_tag(std::string_view& rest) {
  EntityTag tag;
  if (rest.starts_with("W/")) {
    tag.weak = true;
    rest.remove_prefix(2);
  }
  if (!rest.starts_with('"')) return {};
  const auto end = rest.find('"', 1);
  if (end == std::string_view::npos) return {};
  tag.opaque = rest.substr(1, end - 1);
  rest = trim(rest.substr(end + 1));
  if (!all_of(tag.opaque, tag_characters)) return {};
  return tag;
}

}  // namespace

Result<EntityTags> parse_etags(std::string_view value) {
  const Error bad{Code::bad_request, "If-Match and If-None-Match hold entity tags, as in \"3\", or *"};
  auto rest = trim(value);
  EntityTags result;
  if (rest == "*") {
    result.any = true;
    return result;
  }
  while (true) {
    while (rest.starts_with(',')) rest = trim(rest.substr(1));  // empty elements are ignored (RFC 9110 §5.6.1.2)
    if (rest.empty()) break;
    const auto tag = take_tag(rest);
    if (!tag || (!rest.empty() && rest.front() != ',')) return bad;
    result.tags.push_back(*tag);
  }
  if (result.tags.empty()) return bad;
  return result;
}

}  // namespace integrity::http
