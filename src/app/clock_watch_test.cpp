#include "app/clock_watch.hpp"

#include <gtest/gtest.h>

namespace integrity::app {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class ClockWatching : public testing::Test {
 protected:
  std::optional<seconds> after(Millis passed, Millis on_the_wall) {
    boot_ += passed;
    wall_ += on_the_wall;
    return watch_.jumped(wall_, boot_);
  }

  Time wall_ = from_millis(1'795'428'000'000);
  Millis boot_{12'345};
  ClockWatch watch_{wall_, boot_};
};

TEST_F(ClockWatching, AJumpIsReportedOnceWithItsDirection) {
  EXPECT_EQ(after(seconds(1), seconds(1)), std::nullopt);
  EXPECT_EQ(after(seconds(1), hours(1)), seconds(3599));
  EXPECT_EQ(after(seconds(1), seconds(1)), std::nullopt);
  EXPECT_EQ(after(seconds(1), -hours(24)), -seconds(24 * 3600 + 1));
  EXPECT_EQ(after(seconds(1), seconds(1)), std::nullopt);
}

TEST_F(ClockWatching, TimeThatPassesWhileNobodyLooksIsNoJump) {
  EXPECT_EQ(after(hours(9), hours(9)), std::nullopt) << "the process was stopped, or the machine suspended";
}

TEST_F(ClockWatching, ASlowCorrectionIsNoJump) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(after(seconds(1), seconds(1) + Millis(500)), std::nullopt);
  EXPECT_EQ(after(seconds(1), seconds(1) + Millis(9999)), std::nullopt);
  EXPECT_EQ(after(seconds(1), seconds(1) + seconds(10)), seconds(10));
  EXPECT_EQ(after(seconds(1), seconds(1) - seconds(10)), -seconds(10));
}

TEST_F(ClockWatching, TheTimeSinceBootGoesOn) {
  const auto first = since_boot();
  EXPECT_GT(first, Millis(0));
  EXPECT_GE(since_boot(), first);
}

}  // namespace
}  // namespace integrity::app
