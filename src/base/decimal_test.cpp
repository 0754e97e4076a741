#include "base/decimal.hpp"

#include <gtest/gtest.h>

namespace integrity {
namespace {

std::optional<std::int64_t> scaled(std::string_view text, int places) {
  const auto decimal = Decimal::parse_json(text);
  return decimal ? decimal->scaled(places) : std::nullopt;
}
std::optional<std::string> money(std::string_view text) {
  const auto decimal = Decimal::parse_json(text);
  const auto amount = decimal ? Money::from(*decimal) : std::nullopt;
  if (!amount) return {};
  return amount->text();
}

TEST(Decimal, ReadsJsonNumbers) {
  const struct {
    const char* text;
    std::int64_t ten_thousandths;
  } kCases[] = {
      {"0", 0},
      {"-0", 0},
      {"-0.0", 0},
      {"0e99", 0},
      {"0.000e-99", 0},
      {"1", 10'000},
      {"-1", -10'000},
      {"12.5", 125'000},
      {"1e2", 1'000'000},
      {"1E2", 1'000'000},
      {"1e+2", 1'000'000},
      {"1.2990e2", 1'299'000},
      {"100e-2", 10'000},
      {"0.0001", 1},
      {"1e-4", 1},
      {"10e-5", 1},
      {"0.00010", 1},
      {"0.1e-3", 1},
      {"0.30", 3000},
      {"1000e-000003", 10'000},
      {"0.1", 1000},  // no binary double is 0.1
      {"10000000000000000000000e-18", 100'000'000},
      {"1.00000000000000000000000000000000", 10'000},
  };
  for (const auto& c : kCases) EXPECT_EQ(scaled(c.text, 4), c.ten_thousandths) << c.text;
}

TEST(Decimal, RefusesTextThatIsNotANumber) {
  for (const char* text :
       {"",     "-",     "+1",  ".5",  "1.",  "01",       "-01", "00", "1e",  "1e+",   "1e-",   "e1",      "--1",
        "1.5.", "1.5.5", "1,5", "0x1", "NaN", "Infinity", " 1",  "1 ", "1_0", "1e1.5", "1e1e1", "\xd9\xa1"}) {
    EXPECT_FALSE(Decimal::parse_json(text)) << text;
  }
  EXPECT_FALSE(Decimal::parse_json(std::string_view("1\0", 2)));
}

TEST(Decimal, ReadsPlainDigitsWithoutExponent) {
  EXPECT_EQ(Decimal::parse_plain("129.90")->scaled(4), 1'299'000);
  EXPECT_EQ(Decimal::parse_plain("-0")->scaled(4), 0);
  for (const char* text : {"1e2", "1E2", "0e0", "01.5", "+1", "", ".5", "1."}) {
    EXPECT_FALSE(Decimal::parse_plain(text)) << text;
  }
}

TEST(Decimal, NeverRounds) {
  for (const char* text : {"0.00001", "1e-5", "0.12345", "99999999999.99999", "1.00000000000000000001", "1e-400",
                           "1e-99999999999999999999"}) {
    EXPECT_EQ(scaled(text, 4), std::nullopt) << text;
  }
}

TEST(Decimal, IsAnIntegerWhenItsValueIsWhole) {
  const struct {
    const char* text;
    std::optional<std::int64_t> value;
  } kCases[] = {
      {"1.0", 1},
      {"1e2", 100},
      {"12.50e1", 125},
      {"-3.000", -3},
      {"1.5", {}},
      {"1e-1", {}},
      {"0.5", {}},
      {"9007199254740991", 9007199254740991},
      {"1e17", 100'000'000'000'000'000},
      {"999999999999999999", 999'999'999'999'999'999},
      {"1000000000000000000", {}},  // 19 digits
      {"9223372036854775808", {}},
      {"18446744073709551617", {}},  // would wrap to 1
      {"123456789012345678901234567890", {}},
  };
  for (const auto& c : kCases) EXPECT_EQ(scaled(c.text, 0), c.value) << c.text;
}

TEST(Decimal, ReadsExponentsOfAnySize) {
  const std::string nines(400, '9');
  for (const std::string& text : {std::string("1e400"), "1e" + nines, "-1e" + nines, "1e-" + nines}) {
    EXPECT_TRUE(Decimal::parse_json(text)) << text;
    EXPECT_EQ(scaled(text, 4), std::nullopt) << text;
  }
  EXPECT_EQ(scaled("0e" + nines, 4), 0);
  EXPECT_EQ(scaled("1" + std::string(1000, '0') + "e-1000", 0), 1);
  EXPECT_EQ(scaled("0." + std::string(1000, '0') + "1e1001", 0), 1);
}

TEST(Money, IsWrittenWithAtLeastTwoPlaces) {
  const struct {
    const char *text, *written;
  } kCases[] = {
      {"0", "0.00"},
      {"-0", "0.00"},
      {"129.9", "129.90"},
      {"129.90000", "129.90"},
      {"129.905", "129.905"},
      {"0.0001", "0.0001"},
      {"0.1", "0.10"},
      {"0.001", "0.001"},
      {"1e2", "100.00"},
      {"1000", "1000.00"},
      {"10.0100", "10.01"},
      {"0.9999", "0.9999"},
      {"99999999999.9999", "99999999999.9999"},
      {"123456789012345e-4", "12345678901.2345"},
  };
  for (const auto& c : kCases) EXPECT_EQ(money(c.text), c.written) << c.text;
}

TEST(Money, IsNeitherNegativeNorTooLargeNorRounded) {
  for (const char* text : {"-0.0001", "-1", "100000000000", "99999999999.99991", "99999999999.99999", "1e11", "1e400",
                           "0.00001", "123456789012345.6"}) {
    EXPECT_EQ(money(text), std::nullopt) << text;
  }
}

TEST(Money, RoundTrips) {
  for (std::int64_t units : {std::int64_t{0}, std::int64_t{1}, std::int64_t{10}, std::int64_t{100}, std::int64_t{9999},
                             std::int64_t{10000}, std::int64_t{1'299'000}, Money::max}) {
    const auto decimal = Decimal::parse_plain(Money{units}.text());
    ASSERT_TRUE(decimal) << units;
    EXPECT_EQ(Money::from(*decimal), Money{units});
  }
}

}  // namespace
}  // namespace integrity
