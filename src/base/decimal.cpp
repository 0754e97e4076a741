#include "base/decimal.hpp"

#include <algorithm>

namespace integrity {
namespace {

// Removes and returns the digits at the front of `text`.
std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  const auto run = text.substr(0, count);
  text.remove_prefix(count);
  return run;
}

// An exponent of this size makes a number too large or too small for every field, and sums with it do not overflow.
constexpr std::int64_t kExponentMax = 1'000'000'000'000;

}  // namespace

std::optional<Decimal> Decimal::parse_json(std::string_view text) {
  Decimal result;
  if (text.starts_with('-')) {
    result.negative_ = true;
    text.remove_prefix(1);
  }
  const auto whole = take_digits(text);
  if (whole.empty() || (whole.size() > 1 && whole.front() == '0')) return {};
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
    if (fraction.empty()) return {};
  }
  std::int64_t exponent = 0;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    const bool down = text.starts_with('-');
    if (down || text.starts_with('+')) text.remove_prefix(1);
    const auto digits = take_digits(text);
    if (digits.empty()) return {};
    for (char c : digits) exponent = std::min(exponent * 10 + (c - '0'), kExponentMax);
    if (down) exponent = -exponent;
  }
  if (!text.empty()) return {};

  std::string digits(whole);
  digits += fraction;
  result.exponent_ = exponent + static_cast<std::int64_t>(whole.size());
  const auto first = digits.find_first_not_of('0');
  if (first == std::string::npos) return Decimal();  // −0 is 0, whatever the exponent
  const auto last = digits.find_last_not_of('0');
  result.digits_ = digits.substr(first, last - first + 1);
  result.exponent_ -= static_cast<std::int64_t>(first);
  return result;
}

std::optional<Decimal> Decimal::parse_plain(std::string_view text) {
  if (text.find_first_of("eE") != std::string_view::npos) return {};
  return parse_json(text);
}

std::optional<std::int64_t> Decimal::scaled(int places) const {
  const std::int64_t length = exponent_ + places;
  const auto significant = static_cast<std::int64_t>(digits_.size());
  if (digits_.empty()) return 0;
  if (length < significant || length > 18) return {};
  std::int64_t value = 0;
  for (char c : digits_) value = value * 10 + (c - '0');
  for (std::int64_t i = significant; i < length; ++i) value *= 10;
  return negative_ ? -value : value;
}

std::optional<Money> Money::from(const Decimal& decimal) {
  const auto units = decimal.scaled(places);
  if (!units || *units < 0 || *units > max) return {};
  return Money{*units};
}

std::string Money::text() const {
  std::string out = std::to_string(units);
  if (out.size() < 5) out.insert(0, 5 - out.size(), '0');
  out.insert(out.size() - places, 1, '.');
  for (int i = 0; i < 2 && out.back() == '0'; ++i) out.pop_back();
  return out;
}

}  // namespace integrity
