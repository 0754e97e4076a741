#include "api/preconditions.hpp"

#include "base/decimal.hpp"
#include "http/etag.hpp"

namespace integrity::api {
namespace {

enum class Compare : std::uint8_t { strongly, weakly };  // RFC 9110 §8.8.3.2

Result<std::optional<catalog::Expected::Match>> read_match(const http::Request& request, std::string_view name,
                                                           Compare compare) {
  const auto header = request.list(name);
  if (!header) return std::optional<catalog::Expected::Match>{};
  INTEGRITY_TRY(const auto tags, http::parse_etags(*header));
  catalog::Expected::Match match{.any = tags.any};
  for (const auto& tag : tags.tags) {
    // A tag that is not a version matches no product.
    const auto version = Decimal::parse_plain(tag.opaque);
    const auto number = version ? version->scaled(0) : std::nullopt;
    if (!number || std::to_string(*number) != tag.opaque) continue;
    const bool counts = !tag.weak || compare == Compare::weakly;
    (counts ? match.versions : match.weak).push_back(*number);
  }
  return std::optional(std::move(match));
}

}  // namespace

Result<catalog::Expected> expected(const Context& context) {
  catalog::Expected expected;
  INTEGRITY_TRY(expected.if_match, read_match(context.request, "if-match", Compare::strongly));
  INTEGRITY_TRY(expected.if_none_match, read_match(context.request, "if-none-match", Compare::weakly));
  return expected;
}

Status readable_preconditions(const Context& context) {
  INTEGRITY_CHECK(expected(context));
  return {};
}

}  // namespace integrity::api
