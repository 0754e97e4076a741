#include "auth/throttle.hpp"

#include <gtest/gtest.h>

#include "testing/clock.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;

TEST(AddressRateLimit, AllowsABurstThenTheRate) {
  test::ManualClock clock;
  AddressRateLimit budget({.burst = 3, .per_second = 0.5});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(budget.take("a", clock.now()));
  EXPECT_EQ(budget.take("a", clock.now()), Millis(2000));
  EXPECT_FALSE(budget.take("b", clock.now())) << "another address has its own";
  clock.move(2s);
  EXPECT_FALSE(budget.take("a", clock.now()));
  EXPECT_TRUE(budget.take("a", clock.now()));
}

TEST(AddressRateLimit, NeverSavesUpMoreThanTheBurst) {
  test::ManualClock clock;
  AddressRateLimit budget({.burst = 2, .per_second = 1});
  EXPECT_FALSE(budget.take("a", clock.now()));
  clock.move(1h);
  EXPECT_FALSE(budget.take("a", clock.now()));
  EXPECT_FALSE(budget.take("a", clock.now()));
  EXPECT_TRUE(budget.take("a", clock.now()));
}

TEST(AddressRateLimit, GivesNothingBackWhenTheClockGoesBack) {
  test::ManualClock clock;
  AddressRateLimit budget({.burst = 1, .per_second = 1});
  EXPECT_FALSE(budget.take("a", clock.now()));
  clock.move(-1h);
  EXPECT_TRUE(budget.take("a", clock.now()));
}

TEST(AddressRateLimit, RemembersAHundredThousandAddressesAndNoneWhoseBudgetIsWhole) {
  test::ManualClock clock;
  AddressRateLimit budget({.burst = 30, .per_second = 1});
  for (int i = 0; i < 100'100; ++i) (void)budget.take("address " + std::to_string(i), clock.now());
  EXPECT_EQ(budget.size(), 100'000U);
  clock.move(29s);
  EXPECT_FALSE(budget.take("another", clock.now()));
  EXPECT_EQ(budget.size(), 100'000U);
  clock.move(1s);
  for (int i = 0; i < 50'000; ++i) (void)budget.take("a third", clock.now());  // each takes the chance to forget two
  EXPECT_EQ(budget.size(), 2U) << "another's is not whole yet";
}

TEST(PasswordFailures, SlowsDownFromTheSixthOnAndDoubles) {
  test::ManualClock clock;
  PasswordFailures failures;
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(failures.must_wait("ada", "n", clock.now())) << i;
    failures.tried("ada", "n", false, clock.now());
  }
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    EXPECT_EQ(failures.must_wait("ada", "n", clock.now()), Millis(expected));
    clock.move(expected);
    EXPECT_FALSE(failures.must_wait("ada", "n", clock.now()));
    failures.tried("ada", "n", false, clock.now());
  }
}

// Each was counted when it had been looked at, so as many as are looked at side by side were told beyond the five.
TEST(PasswordFailures, TellsNoMoreOfGuessesThatAreLookedAtSideBySide) {
  test::ManualClock clock;
  PasswordFailures failures;
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(failures.must_wait("ada", "n", clock.now())) << "all begin";
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(failures.tried("ada", "n", false, clock.now())) << i;
  EXPECT_EQ(failures.tried("ada", "n", false, clock.now()), 1s);
  EXPECT_EQ(failures.tried("ada", "n", true, clock.now()), 1s) << "nor that it was the right one";
  clock.move(1s);
  EXPECT_FALSE(failures.tried("ada", "n", false, clock.now()));
  EXPECT_EQ(failures.must_wait("ada", "n", clock.now()), 2s) << "what was not told was not counted";
}

TEST(PasswordFailures, NeverMakesRightOnesWaitForEachOther) {
  test::ManualClock clock;
  PasswordFailures failures;
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(failures.must_wait("ada", "n", clock.now()));
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(failures.tried("ada", "n", true, clock.now()));
  EXPECT_EQ(failures.size(), 0U);
}

TEST(PasswordFailures, ConcernsOnlyThePairOfAccountAndNetwork) {
  test::ManualClock clock;
  PasswordFailures failures;
  for (int i = 0; i < 9; ++i) failures.tried("ada", "n", false, clock.now());
  EXPECT_TRUE(failures.must_wait("ADA", "n", clock.now())) << "case does not open another budget";
  EXPECT_FALSE(failures.must_wait("ada", "home", clock.now())) << "the owner is not kept out";
  EXPECT_FALSE(failures.must_wait("bob", "n", clock.now()));
  clock.move(1min);
  EXPECT_FALSE(failures.tried("ada", "n", true, clock.now()));
  EXPECT_FALSE(failures.must_wait("ada", "n", clock.now()));
}

TEST(PasswordFailures, ForgetsPairsThatWereQuietFor15Minutes) {
  test::ManualClock clock;
  PasswordFailures failures;
  const std::string long_name(1024, 'x');
  for (int i = 0; i < 1000; ++i) failures.tried(long_name + std::to_string(i), "n", false, clock.now());
  EXPECT_EQ(failures.size(), 1000U);
  clock.move(15min + 1s);
  for (int i = 0; i < 600; ++i) failures.tried("ada", "n", false, clock.now());
  EXPECT_EQ(failures.size(), 1U);
}

// A clock that was a day ahead left waits of a minute behind, again and again for that day.
TEST(PasswordFailures, MadeWhileTheClockWasAheadMakeNobodyWait) {
  test::ManualClock clock;
  PasswordFailures failures;
  for (int i = 0; i < 20; ++i) {
    (void)failures.tried("ada", "n", false, clock.now());
    clock.move(1min);
  }
  (void)failures.tried("ada", "n", false, clock.now());
  clock.move(-2s);
  EXPECT_EQ(failures.must_wait("ada", "n", clock.now()), 1min) << "a correction by seconds lets nobody go on sooner";
  clock.move(-24h);
  EXPECT_FALSE(failures.must_wait("ada", "n", clock.now()));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(failures.tried("ada", "n", false, clock.now())) << "counted anew";
  EXPECT_EQ(failures.must_wait("ada", "n", clock.now()), 1s);
}

TEST(AddressRateLimit, SpentWhileTheClockWasAheadFillsFromTheRightTimeOn) {
  test::ManualClock clock;
  AddressRateLimit budget({.burst = 1, .per_second = 1});
  EXPECT_FALSE(budget.take("a", clock.now()));
  clock.move(-24h);
  EXPECT_EQ(budget.take("a", clock.now()), 1s);
  clock.move(1s);
  EXPECT_FALSE(budget.take("a", clock.now()));
}

TEST(RecentMap, ForgetsTheLongestUnusedWhenFull) {
  RecentMap<int> map(2);
  map.at("a") = 1;
  map.at("b") = 2;
  EXPECT_EQ(map.at("a"), 1);
  map.at("c") = 3;
  EXPECT_EQ(map.size(), 2U);
  EXPECT_EQ(map.at("a"), 1);
  EXPECT_EQ(map.at("b"), 0) << "was forgotten";
}

}  // namespace
}  // namespace integrity::auth
