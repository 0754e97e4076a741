#include "app/metrics_text.hpp"

#include <gtest/gtest.h>

namespace integrity::app {
namespace {

using Type = MetricsText::Type;
using Unit = MetricsText::Unit;

TEST(MetricsText, AFamilyHasItsHelpItsTypeAndItsSamples) {
  MetricsText text;
  text.family("integrity_logins_total", Type::counter, "First steps of logins.");
  text.sample({{"outcome", "right"}}, 7);
  text.sample({{"outcome", "wrong"}, {"place", "here"}}, 18'446'744'073'709'551'615U);
  text.family("integrity_sessions", Type::gauge, "Sessions.");
  text.sample(3);
  EXPECT_EQ(text.take(),
            "# HELP integrity_logins_total First steps of logins.\n"
            "# TYPE integrity_logins_total counter\n"
            "integrity_logins_total{outcome=\"right\"} 7\n"
            "integrity_logins_total{outcome=\"wrong\",place=\"here\"} 18446744073709551615\n"
            "# HELP integrity_sessions Sessions.\n"
            "# TYPE integrity_sessions gauge\n"
            "integrity_sessions 3\n");
}

TEST(MetricsText, TextsAreEscaped) {
  MetricsText text;
  text.family("a", Type::gauge, "a \"quote\", a back\\slash,\na second line");
  text.sample({{"b", "a \"quote\", a back\\slash,\na second line"}}, 1);
  EXPECT_EQ(text.take(),
            "# HELP a a \"quote\", a back\\\\slash,\\na second line\n"
            "# TYPE a gauge\n"
            "a{b=\"a \\\"quote\\\", a back\\\\slash,\\na second line\"} 1\n");
}

TEST(MetricsText, TimesAreSeconds) {
  MetricsText text;
  text.family("a", Type::gauge, "");
  for (const auto value : {0, 1, 100'000, 1'000'000'000, 1'500'000'000}) text.sample(std::chrono::nanoseconds(value));
  EXPECT_EQ(text.take(), "# HELP a \n# TYPE a gauge\na 0\na 0.000000001\na 0.0001\na 1\na 1.5\n");
}

constexpr std::array<std::uint64_t, 3> kBounds{1, 4, 16};

TEST(MetricsText, BucketsAreCumulativeAndTheLastHasAll) {
  Histogram<kBounds> histogram;
  for (const std::uint64_t value : {0U, 1U, 2U, 4U, 5U, 17U, 1000U}) histogram.add(value);
  MetricsText text;
  text.family("a", Type::histogram, "A.");
  text.histogram({{"b", "c"}}, histogram.value(), Unit::one);
  EXPECT_EQ(text.take(),
            "# HELP a A.\n"
            "# TYPE a histogram\n"
            "a_bucket{b=\"c\",le=\"1\"} 2\n"
            "a_bucket{b=\"c\",le=\"4\"} 4\n"
            "a_bucket{b=\"c\",le=\"16\"} 5\n"
            "a_bucket{b=\"c\",le=\"+Inf\"} 7\n"
            "a_sum{b=\"c\"} 1029\n"
            "a_count{b=\"c\"} 7\n");
}

TEST(MetricsText, AHistogramOfTimesHasItsBoundsInSeconds) {
  DurationHistogram histogram;
  histogram.add(std::chrono::microseconds(100));
  histogram.add(std::chrono::nanoseconds(100'001));
  histogram.add(std::chrono::seconds(11));
  histogram.add(std::chrono::nanoseconds(-1));  // a clock that went back
  MetricsText text;
  text.family("a", Type::histogram, "A.");
  text.histogram({}, histogram.value(), Unit::seconds);
  const std::string all = text.take();
  EXPECT_NE(all.find("a_bucket{le=\"0.0001\"} 2\na_bucket{le=\"0.0003\"} 3\n"), std::string::npos) << all;
  EXPECT_NE(all.find("a_bucket{le=\"10\"} 3\na_bucket{le=\"+Inf\"} 4\na_sum 11.000200001\na_count 4\n"),
            std::string::npos)
      << all;
}

}  // namespace
}  // namespace integrity::app
