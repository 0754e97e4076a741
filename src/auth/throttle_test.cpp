#include "auth/throttle.hpp"

#include <gtest/gtest.h>

#include "testing/clock.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;

TEST(AddressRateLimit, AllowsABurstThenTheRate) {
  test::ManualClock clock;
  AddressRateLimit limit({.burst = 3, .per_second = 0.5});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limit.take("a", clock.now()));
  EXPECT_EQ(limit.take("a", clock.now()), Millis(2000));
  EXPECT_FALSE(limit.take("b", clock.now())) << "another address has its own bucket";
  clock.move(2s);
  EXPECT_FALSE(limit.take("a", clock.now()));
  EXPECT_TRUE(limit.take("a", clock.now()));
}

TEST(AddressRateLimit, NeverSavesUpMoreThanTheBurst) {
  test::ManualClock clock;
  AddressRateLimit limit({.burst = 2, .per_second = 1});
  EXPECT_FALSE(limit.take("a", clock.now()));
  clock.move(1h);
  EXPECT_FALSE(limit.take("a", clock.now()));
  EXPECT_FALSE(limit.take("a", clock.now()));
  EXPECT_TRUE(limit.take("a", clock.now()));
}

TEST(AddressRateLimit, GivesNothingBackWhenTheClockGoesBack) {
  test::ManualClock clock;
  AddressRateLimit limit({.burst = 1, .per_second = 1});
  EXPECT_FALSE(limit.take("a", clock.now()));
  clock.move(-1h);
  EXPECT_TRUE(limit.take("a", clock.now()));
}

TEST(AddressRateLimit, RemembersAHundredThousandAddressesAndForgetsFullBuckets) {
  test::ManualClock clock;
  AddressRateLimit limit({.burst = 30, .per_second = 1});
  for (int i = 0; i < 100'100; ++i) (void)limit.take("address " + std::to_string(i), clock.now());
  EXPECT_EQ(limit.size(), 100'000U);
  clock.move(29s);
  EXPECT_FALSE(limit.take("another", clock.now()));
  EXPECT_EQ(limit.size(), 100'000U);
  clock.move(1s);
  for (int i = 0; i < 50'000; ++i) (void)limit.take("a third", clock.now());  // each call may forget two
  EXPECT_EQ(limit.size(), 2U) << "the bucket of `another` is not full yet";
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

// Each guess was counted after its check, so guesses that were checked in parallel got a result beyond the first five.
TEST(PasswordFailures, RevealsNoMoreOfGuessesThatAreCheckedInParallel) {
  test::ManualClock clock;
  PasswordFailures failures;
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(failures.must_wait("ada", "n", clock.now())) << "all may begin";
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(failures.tried("ada", "n", false, clock.now())) << i;
  EXPECT_EQ(failures.tried("ada", "n", false, clock.now()), 1s);
  EXPECT_EQ(failures.tried("ada", "n", true, clock.now()), 1s) << "nor that it was the right one";
  clock.move(1s);
  EXPECT_FALSE(failures.tried("ada", "n", false, clock.now()));
  EXPECT_EQ(failures.must_wait("ada", "n", clock.now()), 2s) << "a guess without a result is not counted";
}

TEST(PasswordFailures, NeverMakesRightPasswordsWaitForEachOther) {
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
  EXPECT_TRUE(failures.must_wait("ADA", "n", clock.now())) << "another case is the same account";
  EXPECT_FALSE(failures.must_wait("ada", "home", clock.now())) << "the owner is not kept out";
  EXPECT_FALSE(failures.must_wait("bob", "n", clock.now()));
  clock.move(1min);
  EXPECT_FALSE(failures.tried("ada", "n", true, clock.now()));
  EXPECT_FALSE(failures.must_wait("ada", "n", clock.now()));
}

TEST(PasswordFailures, ForgetsPairsWithoutFailuresFor15Minutes) {
  test::ManualClock clock;
  PasswordFailures failures;
  const std::string long_name(1024, 'x');
  for (int i = 0; i < 1000; ++i) failures.tried(long_name + std::to_string(i), "n", false, clock.now());
  EXPECT_EQ(failures.size(), 1000U);
  clock.move(15min + 1s);
  for (int i = 0; i < 600; ++i) failures.tried("ada", "n", false, clock.now());
  EXPECT_EQ(failures.size(), 1U);
}

// After a clock that was a day ahead, one had to wait a minute again and again for that day.
TEST(PasswordFailures, MadeWhileTheClockWasAheadMakeNobodyWait) {
  test::ManualClock clock;
  PasswordFailures failures;
  for (int i = 0; i < 20; ++i) {
    (void)failures.tried("ada", "n", false, clock.now());
    clock.move(1min);
  }
  (void)failures.tried("ada", "n", false, clock.now());
  clock.move(-2s);
  EXPECT_EQ(failures.must_wait("ada", "n", clock.now()), 1min) << "after a correction by seconds the wait goes on";
  clock.move(-24h);
  EXPECT_FALSE(failures.must_wait("ada", "n", clock.now()));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(failures.tried("ada", "n", false, clock.now())) << "counted from zero";
  EXPECT_EQ(failures.must_wait("ada", "n", clock.now()), 1s);
}

TEST(AddressRateLimit, UsedUpWhileTheClockWasAheadFillsFromTheRightTimeOn) {
  test::ManualClock clock;
  AddressRateLimit limit({.burst = 1, .per_second = 1});
  EXPECT_FALSE(limit.take("a", clock.now()));
  clock.move(-24h);
  EXPECT_EQ(limit.take("a", clock.now()), 1s);
  clock.move(1s);
  EXPECT_FALSE(limit.take("a", clock.now()));
}

}  // namespace
}  // namespace integrity::auth
