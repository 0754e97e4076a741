// Exact decimals from text. No binary floating point anywhere between the request and the disk.
//
//   Decimal::parse_json("1.2990e2")->scaled(4)  == 1'299'000   // 129.9000
//   Decimal::parse_json("1e2")->scaled(0)       == 100         // an integer by its value
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace integrity {

class Decimal {
 public:
  // Nothing unless `text` is a number of the JSON grammar (RFC 8259 §6).
  static std::optional<Decimal> parse_json(std::string_view text);
  // Plain digits: no exponent, no leading zeros, no plus sign.
  static std::optional<Decimal> parse_plain(std::string_view text);

  // value * 10^places as an integer; nothing if that is not whole or has more than 18 digits. Never rounds.
  std::optional<std::int64_t> scaled(int places) const;

 private:
  bool negative_ = false;
  std::string digits_;         // significant ones only: neither leading nor trailing zeros; empty is zero
  std::int64_t exponent_ = 0;  // value = ±0.digits * 10^exponent
};

// An amount of money: 0 to 99999999999.9999, four places, so 15 significant digits.
struct Money {
  static constexpr int places = 4;
  static constexpr std::int64_t max = 999'999'999'999'999;
  std::int64_t units = 0;  // ten-thousandths

  static std::optional<Money> from(const Decimal& decimal);
  std::string text() const;  // at least two places: "129.90", "0.0001"
  auto operator<=>(const Money&) const = default;
};

}  // namespace integrity
