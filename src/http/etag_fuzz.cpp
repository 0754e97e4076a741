#include "http/etag.hpp"

#include <algorithm>
#include <string>

#include "http/ascii.hpp"
#include "testing/fuzzing.hpp"

namespace integrity::http {
namespace {

using fuzzing::holds;

// RFC 9110 §8.8.3 and §5.6.1, character by character: each element is blank or W/"…", commas only between them.
bool by_the_book(std::string_view rest) {
  std::size_t tags = 0;
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (true) {
    while (!rest.empty() && blank(rest.front())) rest.remove_prefix(1);
    if (rest.starts_with("W/\"")) rest.remove_prefix(2);
    if (rest.starts_with('"')) {
      rest.remove_prefix(1);
      while (!rest.empty() && rest.front() != '"') {
        const auto c = static_cast<unsigned char>(rest.front());
        if (c <= 0x20 || c == 0x7f) return false;
        rest.remove_prefix(1);
      }
      if (rest.empty()) return false;
      rest.remove_prefix(1);
      ++tags;
    }
    while (!rest.empty() && blank(rest.front())) rest.remove_prefix(1);
    if (rest.empty()) return tags > 0;
    if (rest.front() != ',') return false;
    rest.remove_prefix(1);
  }
}

FUZZ_TARGET(etag) {
  const auto tags = parse_etags(input);
  holds(tags.has_value() == (trim(input) == "*" || by_the_book(input)), "exactly what the grammar allows is accepted");
  if (!tags) {
    holds(tags.error().code == Code::bad_request, "the error is bad_request");
    return;
  }
  holds(tags->any == tags->tags.empty(), "either any, or some tags");
  if (tags->any) return;
  std::string written;
  for (const auto& tag : tags->tags) {
    written += std::string(written.empty() ? "" : ", ") + (tag.weak ? "W/" : "") + '"' + std::string(tag.opaque) + '"';
  }
  const auto again = parse_etags(written);
  holds(again && std::equal(tags->tags.begin(), tags->tags.end(), again->tags.begin(), again->tags.end(),
                            [](const auto& a, const auto& b) { return a.opaque == b.opaque && a.weak == b.weak; }),
        "tags that are written and read are the same tags");
}

}  // namespace
}  // namespace integrity::http
