#include "base/wake_ups.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace integrity {
namespace {

TEST(WakeUps, RunAtOnceWithoutABatch) {
  int woken = 0;
  WakeUps::at_end([&] { ++woken; });
  EXPECT_EQ(woken, 1);
}

TEST(WakeUps, WaitForTheEndOfTheBatch) {
  int woken = 0;
  {
    const WakeUps::Batch batch;
    WakeUps::at_end([&] { ++woken; });
    WakeUps::at_end([&] { ++woken; });
    EXPECT_EQ(woken, 0);
  }
  EXPECT_EQ(woken, 2);
  WakeUps::at_end([&] { ++woken; });
  EXPECT_EQ(woken, 3) << "the batch has ended";
}

TEST(WakeUps, AreNeverLostWhereTheBatchIsFull) {
  int woken = 0;
  {
    const WakeUps::Batch batch;
    for (int i = 0; i < 100; ++i) WakeUps::at_end([&] { ++woken; });
  }
  EXPECT_EQ(woken, 100);
}

TEST(WakeUps, OfAnotherThreadDoNotWait) {
  int woken = 0;
  const WakeUps::Batch batch;
  std::thread([&] { WakeUps::at_end([&] { ++woken; }); }).join();
  EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace integrity
