#include "http/accept.hpp"

#include "http/ascii.hpp"

namespace integrity::http {
namespace {

struct Range {
  std::string_view type;
  std::string_view subtype;
  int weight = 1000;  // thousandths
};

// Up to a separator outside of quoted strings (RFC 9110 §5.6.4).
std::string_view take_unquoted(std::string_view& rest, char separator) {
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

// "1", "0.5", "0.125": at most three decimals (RFC 9110 §12.4.2).
std::optional<int> read_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return {};
  if (text.size() > 1 && text[1] != '.') return {};
  int weight = (text[0] - '0') * 1000;
  int scale = 100;
  for (std::size_t i = 2; i < text.size(); ++i, scale /= 10) {
    if (!is_digit(text[i])) return {};
    weight += (text[i] - '0') * scale;
  }
  if (weight > 1000) return {};
  return weight;
}

bool is_utf8_charset(std::string_view name, std::string_view value) {
  return equal_ignoring_case(name, "charset") &&
         (equal_ignoring_case(value, "utf-8") || equal_ignoring_case(value, "\"utf-8\""));
}

std::optional<Range> read_range(std::string_view element) {
  auto media = trim(take_unquoted(element, ';'));
  Range range;
  range.type = take_until(media, '/');
  range.subtype = media;
  if (!is_token(range.type) || !is_token(range.subtype)) return {};
  if (range.type == "*" && range.subtype != "*") return {};
  while (!element.empty()) {
    auto value = trim(take_unquoted(element, ';'));
    if (value.empty()) continue;
    const auto name = take_until(value, '=');
    if (equal_ignoring_case(name, "q")) {
      const auto weight = read_weight(value);
      if (!weight) return {};
      range.weight = *weight;
    } else if (!is_utf8_charset(name, value)) {
      return {};
    }
  }
  return range;
}

// 0: does not fit; then "*/*", "text/*", "text/plain".
int specificity(const Range& range, std::string_view offer) {
  auto subtype = trim(offer.substr(0, offer.find(';')));
  const auto type = take_until(subtype, '/');
  if (range.type == "*") return 1;
  if (!equal_ignoring_case(range.type, type)) return 0;
  if (range.subtype == "*") return 2;
  return equal_ignoring_case(range.subtype, subtype) ? 3 : 0;
}

int weight_of(std::string_view offer, std::string_view accept) {
  int best = 0;
  int weight = 0;
  while (!accept.empty()) {
    const auto range = read_range(take_unquoted(accept, ','));
    const int fit = range ? specificity(*range, offer) : 0;
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
  if (!accept || trim(*accept).empty()) return 0;
  std::optional<std::size_t> chosen;
  int chosen_weight = 0;
  for (std::size_t i = 0; i < offered.size(); ++i) {
    const int weight = weight_of(offered[i], *accept);
    if (weight > chosen_weight) {
      chosen = i;
      chosen_weight = weight;
    }
  }
  return chosen;
}

}  // namespace integrity::http
