#include "http/accept.hpp"

#include "http/ascii.hpp"
#include "http/media_type.hpp"

namespace integrity::http {
namespace {

struct Range {
  MediaType media;
  int weight = 1000;  // thousandths
};

// A number from 0 to 1. Decimals after the third (RFC 9110 §12.4.2) are cut, more than 1 is 1, ".8" and "1." are
// numbers. Nothing for anything else.
std::optional<int> read_weight(std::string_view text) {
  const auto whole = take_until(text, '.');
  if (whole.empty() && text.empty()) return {};
  for (const auto digits : {whole, text}) {
    for (const char c : digits) {
      if (!is_digit(c)) return {};
    }
  }
  if (whole.find_first_not_of('0') != std::string_view::npos) return 1000;
  int weight = 0;
  for (std::size_t i = 0; i < 3; ++i) weight = weight * 10 + (i < text.size() ? text[i] - '0' : 0);
  return weight;
}

// Nothing unless `element` is a media range. A weight that cannot be read is ignored, and so are all other parameters:
// the types on offer have none to compare with.
std::optional<Range> read_range(std::string_view element) {
  const auto media = parse_media_type(element);
  if (!media) return {};
  Range range{*media};
  auto parameters = media->parameters;
  while (const auto parameter = take_parameter(parameters)) {
    if (equal_ignoring_case(parameter->name, "q")) range.weight = read_weight(parameter->value).value_or(1000);
  }
  return range;
}

// 0: does not fit; then "*/*", "text/*", "text/plain".
int specificity(const MediaType& range, const MediaType& offer) {
  if (range.type == "*") return 1;
  if (!equal_ignoring_case(range.type, offer.type)) return 0;
  if (range.subtype == "*") return 2;
  return equal_ignoring_case(range.subtype, offer.subtype) ? 3 : 0;
}

// In thousandths. Sets `readable` if there was any media range.
int weight_of(std::string_view offer, std::string_view accept, bool& readable) {
  const auto media = parse_media_type(offer);
  int best = 0;
  int weight = 0;
  while (!accept.empty()) {
    const auto range = read_range(take_element(accept, ','));
    readable = readable || range;
    const int fit = range ? specificity(range->media, *media) : 0;
    if (fit > best) {
      best = fit;
      weight = range->weight;
    }
  }
  return weight;
}

}  // namespace

std::optional<std::size_t> negotiate(std::optional<std::string_view> accept,
                                     std::span<const std::string_view> offered) {
  if (offered.empty()) return {};
  if (!accept || offered.size() == 1) return 0;
  std::optional<std::size_t> chosen;
  int chosen_weight = 0;
  bool readable = false;
  for (std::size_t i = 0; i < offered.size(); ++i) {
    const int weight = weight_of(offered[i], *accept, readable);
    if (weight > chosen_weight) {
      chosen = i;
      chosen_weight = weight;
    }
  }
  if (!readable) return 0;
  return chosen;
}

}  // namespace integrity::http
