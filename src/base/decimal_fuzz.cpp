#include "base/decimal.hpp"

#include <algorithm>

#include "testing/fuzzing.hpp"

namespace integrity {
namespace {

using fuzzing::holds;

struct Parts {
  bool negative = false;
  std::string whole, fraction;
  bool exponent_down = false;
  std::string exponent;  // digits; empty: there is none
};

std::string digits(std::string_view& rest) {
  const auto end = std::min(rest.find_first_not_of("0123456789"), rest.size());
  std::string run(rest.substr(0, end));
  rest.remove_prefix(end);
  return run;
}

bool take(std::string_view& rest, char c) {
  if (rest.empty() || rest.front() != c) return false;
  rest.remove_prefix(1);
  return true;
}

// The grammar of RFC 8259 §6, taken literally.
std::optional<Parts> read(std::string_view rest) {
  Parts parts;
  parts.negative = take(rest, '-');
  parts.whole = digits(rest);
  if (parts.whole.empty() || (parts.whole.size() > 1 && parts.whole[0] == '0')) return {};
  if (take(rest, '.') && (parts.fraction = digits(rest)).empty()) return {};
  if (take(rest, 'e') || take(rest, 'E')) {
    if (!take(rest, '+')) parts.exponent_down = take(rest, '-');
    if ((parts.exponent = digits(rest)).empty()) return {};
  }
  if (!rest.empty()) return {};
  return parts;
}

// Moves the decimal point one digit at a time, as on paper.
std::optional<std::int64_t> scaled_on_paper(Parts parts, int places) {
  if ((parts.whole + parts.fraction).find_first_not_of('0') == std::string::npos) return 0;
  parts.exponent.erase(0, std::min(parts.exponent.find_first_not_of('0'), parts.exponent.size()));
  if (parts.exponent.size() > 5) return {};  // more places than any input here has digits
  int shift = parts.exponent.empty() ? 0 : std::stoi(parts.exponent);
  shift = (parts.exponent_down ? -shift : shift) + places;
  for (; shift > 0; --shift) {
    parts.whole += parts.fraction.empty() ? '0' : parts.fraction.front();
    parts.fraction.erase(0, 1);
  }
  for (; shift < 0 && !parts.whole.empty(); ++shift) {
    parts.fraction.insert(0, 1, parts.whole.back());
    parts.whole.pop_back();
  }
  if (parts.fraction.find_first_not_of('0') != std::string::npos) return {};
  parts.whole.erase(0, parts.whole.find_first_not_of('0'));
  if (parts.whole.size() > 18) return {};
  const std::int64_t value = std::stoll(parts.whole);
  return parts.negative ? -value : value;
}

FUZZ_TARGET(decimal) {
  input = input.substr(0, 1000);
  const auto decimal = Decimal::parse_json(input);
  const auto parts = read(input);
  holds(decimal.has_value() == parts.has_value(), "exactly what the grammar allows is accepted");
  const auto plain = Decimal::parse_plain(input);
  holds(plain.has_value() == (parts && parts->exponent.empty()), "a plain number is one without exponent");
  if (!decimal) return;
  for (int places : {0, 2, 4, 9}) {
    const auto scaled = decimal->scaled(places);
    holds(scaled == scaled_on_paper(*parts, places), "scaling agrees with the result on paper");
    if (plain) holds(plain->scaled(places) == scaled, "both parsers read the same value");
  }
  const auto money = Money::from(*decimal);
  const auto units = decimal->scaled(Money::places);
  holds(money.has_value() == (units && *units >= 0 && *units <= Money::max),
        "money is accepted exactly within its bounds");
  if (!money) return;
  const auto text = money->text();
  const auto back = Decimal::parse_plain(text);
  holds(back && Money::from(*back) == money, "an amount that is written and read is the same amount");
  const auto decimals = text.size() - text.find('.') - 1;
  holds(decimals >= 2 && decimals <= 4, "an amount is written with two to four places");
}

}  // namespace
}  // namespace integrity
