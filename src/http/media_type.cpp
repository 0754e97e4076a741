#include "http/media_type.hpp"

#include <algorithm>
#include <array>

#include "http/ascii.hpp"

namespace integrity::http {
namespace {

std::string_view unquoted(std::string_view value) {
  for (const char quote : {'"', '\''}) {
    if (value.size() >= 2 && value.front() == quote && value.back() == quote) return value.substr(1, value.size() - 2);
  }
  return value;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](auto each) { return equal_ignoring_case(word, each); });
}

bool is_json(std::string_view element) {
  const auto media = parse_media_type(element);
  if (!media || !equal_ignoring_case(media->type, "application") || !equal_ignoring_case(media->subtype, "json")) {
    return false;
  }
  auto parameters = media->parameters;
  while (const auto parameter = take_parameter(parameters)) {
    if (!equal_ignoring_case(parameter->name, "charset")) continue;
    if (!is_one_of(parameter->value, {"", "utf-8", "utf8", "us-ascii", "ascii"})) return false;
  }
  return true;
}

// True if the list has an element, and `is_it` holds for each.
template <class Predicate>
bool all_elements(std::string_view list, Predicate is_it) {
  bool any = false;
  while (!list.empty()) {
    const auto element = trim(take_element(list, ','));
    if (element.empty()) continue;  // empty elements are ignored (RFC 9110 §5.6.1.2)
    if (!is_it(element)) return false;
    any = true;
  }
  return any;
}

}  // namespace

std::string_view take_element(std::string_view& rest, char separator) {
  bool quoted = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (quoted && rest[i] == '\\') {
      ++i;
    } else if (rest[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && rest[i] == separator) {
      const auto part = rest.substr(0, i);
      rest.remove_prefix(i + 1);
      return part;
    }
  }
  const auto part = rest;
  rest = {};
  return part;
}

std::optional<MediaType> parse_media_type(std::string_view text) {
  MediaType media;
  auto name = trim(take_element(text, ';'));
  media.parameters = text;
  if (name == "*") return MediaType{"*", "*", text};
  media.type = trim(take_until(name, '/'));
  media.subtype = trim(name);
  if (!is_token(media.type) || !is_token(media.subtype)) return {};
  if (media.type == "*" && media.subtype != "*") return {};
  return media;
}

std::optional<Parameter> take_parameter(std::string_view& parameters) {
  while (!parameters.empty()) {
    auto value = trim(take_element(parameters, ';'));
    if (value.empty()) continue;
    const auto name = trim(take_until(value, '='));
    return Parameter{name, unquoted(trim(value))};
  }
  return {};
}

bool has_json_body(const Request& request) {
  // "utf-8" is not a coding but a charset, which many clients send in the wrong header.
  const auto coding = request.list("content-encoding");
  if (coding && !trim(*coding).empty() && !all_elements(*coding, [](auto each) {
        return is_one_of(each, {"identity", "utf-8", "utf8"});
      })) {
    return false;
  }
  // Some clients send it twice, and proxies join the two.
  const auto type = request.list("content-type");
  return type && all_elements(*type, is_json);
}

}  // namespace integrity::http
