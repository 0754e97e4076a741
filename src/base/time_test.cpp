#include "base/time.hpp"

#include <gtest/gtest.h>

namespace integrity {
namespace {

TEST(Rfc3339, WritesUtcWithMilliseconds) {
  const struct {
    std::int64_t millis;
    const char* text;
  } kCases[] = {
      {0, "1970-01-01T00:00:00.000Z"},
      {1, "1970-01-01T00:00:00.001Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {951'782'400'000, "2000-02-29T00:00:00.000Z"},  // a century that is a leap year
      {1'795'421'730'250, "2026-11-23T08:15:30.250Z"},
      {4'107'542'399'999, "2100-02-28T23:59:59.999Z"},
      {4'107'542'400'000, "2100-03-01T00:00:00.000Z"},  // a century that is not
      {253'402'300'799'999, "9999-12-31T23:59:59.999Z"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(to_rfc3339(from_millis(c.millis)), c.text);
    EXPECT_EQ(parse_rfc3339(c.text), from_millis(c.millis)) << c.text;
  }
}

TEST(Rfc3339, ReadsNoOtherForm) {
  const char* const kRefused[] = {
      // parts missing or of another length
      "", "2026-11-23", "2026-11-23T08:15:30Z", "2026-11-23T08:15:30.25Z", "2026-11-23T08:15:30.2500Z",
      "2026-11-23T08:15:30.250", "2026-11-23T08:15:30.250+00:00", "2026-11-23T08:15:30.250Z ",
      " 2026-11-23T08:15:30.25Z",
      // other characters between the numbers, or in them
      "2026-11-23t08:15:30.250z", "2026-11-23 08:15:30.250Z", "2026/11/23T08:15:30.250Z", "2026-11-23T08:15:30,250Z",
      "2026-11-23T08:15:3a.250Z", "2026-11-23T08:15:+3.250Z", "-026-11-23T08:15:30.250Z",
      // days and times that do not exist, and a leap second
      "2026-00-23T08:15:30.250Z", "2026-13-23T08:15:30.250Z", "2026-11-00T08:15:30.250Z", "2026-11-31T08:15:30.250Z",
      "2026-02-29T08:15:30.250Z", "2100-02-29T08:15:30.250Z", "2026-11-23T24:00:00.000Z", "2026-11-23T08:60:30.250Z",
      "2026-11-23T08:15:60.250Z"};
  for (const char* text : kRefused) EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Time, SecondsAreRoundedDownAlsoBefore1970) {
  EXPECT_EQ(to_seconds(from_millis(1999)), 1);
  EXPECT_EQ(to_seconds(from_millis(-1)), -1);
  EXPECT_EQ(to_millis(from_millis(-1)), -1);
}

TEST(SystemClock, GivesTheTimeOfTheSystem) {
  const auto before = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  const Time now = SystemClock().now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, std::chrono::system_clock::now());
}

TEST(Rfc3339, ReadsEveryFormWhereClientsMayWriteTimes) {
  constexpr struct {
    const char *text, *means;
  } kCases[] = {
      {"2026-11-23T08:15:30.250Z", "2026-11-23T08:15:30.250Z"},
      {"2026-11-23T08:15:30Z", "2026-11-23T08:15:30.000Z"},
      {"2026-11-23t08:15:30z", "2026-11-23T08:15:30.000Z"},
      {"2026-11-23T08:15:30.2Z", "2026-11-23T08:15:30.200Z"},
      {"2026-11-23T08:15:30.2509Z", "2026-11-23T08:15:30.250Z"},
      {"2026-11-23T10:15:30+02:00", "2026-11-23T08:15:30.000Z"},
      {"2026-11-22T23:45:30.5-08:30", "2026-11-23T08:15:30.500Z"},
  };
  for (const auto& c : kCases) {
    const auto time = parse_any_rfc3339(c.text);
    ASSERT_TRUE(time) << c.text;
    EXPECT_EQ(to_rfc3339(*time), c.means) << c.text;
  }
  for (const char* text : {"", "2026-11-23", "2026-11-23T08:15:30", "2026-11-23 08:15:30Z", "2026-11-23T08:15:30.Z",
                           "2026-11-23T08:15:30+0200", "2026-11-23T08:15:30+24:00", "2026-02-30T08:15:30Z",
                           "2026-11-23T25:15:30Z", "2026-11-23T08:15:30Zx", "2026-11-23T08:15:30.5.5Z"}) {
    EXPECT_FALSE(parse_any_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace integrity
