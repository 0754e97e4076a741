#include "base/fair_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <string>
#include <thread>

namespace integrity {
namespace {

using namespace std::chrono_literals;

// An address that shares its network with nobody.
FairPool::Source alone(const std::string& address) {
  return {address, address};
}

// Occupies the only thread of a pool until it is released.
struct Blocker {
  std::promise<void> release;
  std::promise<void> begun;
  FairPool::Job job() {
    return {[this] {
              begun.set_value();
              release.get_future().wait();
            },
            [] {}};
  }
};

TEST(FairPool, RefusesAJobWhenTheQueueIsFull) {
  Blocker blocker;
  FairPool pool({.threads = 1, .queue_max = 2});
  ASSERT_TRUE(pool.submit(alone("x"), blocker.job()));
  blocker.begun.get_future().wait();
  EXPECT_TRUE(pool.submit(alone("a"), {[] {}, [] {}}));
  EXPECT_TRUE(pool.submit(alone("b"), {[] {}, [] {}}));
  EXPECT_FALSE(pool.submit(alone("c"), {[] {}, [] {}}));
  blocker.release.set_value();
}

// A flood from one address once filled the queue, and all logins of others were refused.
TEST(FairPool, DisplacesAJobOfTheClientThatHoldsMost) {
  Blocker blocker;
  std::string ran, refused;
  FairPool pool({.threads = 1, .queue_max = 4});
  ASSERT_TRUE(pool.submit(alone("x"), blocker.job()));
  blocker.begun.get_future().wait();
  const auto submit = [&](const std::string& address, char name) {
    return pool.submit(alone(address), {[&, name] { ran += name; }, [&, name] { refused += name; }});
  };
  for (char name : {'1', '2', '3', '4'}) ASSERT_TRUE(submit("flood", name));
  EXPECT_FALSE(submit("flood", '5')) << "no other client holds more";
  EXPECT_TRUE(submit("modest", 'a'));
  EXPECT_EQ(refused, "4") << "its newest job, at once";
  EXPECT_TRUE(submit("modest", 'b'));
  EXPECT_EQ(refused, "43");
  EXPECT_FALSE(submit("modest", 'c')) << "both hold equally many: neither displaces the other";
  EXPECT_FALSE(submit("flood", '6'));
  EXPECT_TRUE(submit("late", 'l'));
  EXPECT_EQ(refused, "432");
  blocker.release.set_value();
}

TEST(FairPool, TellsWhatWaitsAndHowLongItWaited) {
  Blocker blocker;
  std::atomic<std::chrono::seconds> passed{0s};
  std::promise<void> done;
  FairPool pool({.threads = 1, .now = [&] { return std::chrono::steady_clock::time_point(passed.load()); }});
  ASSERT_TRUE(pool.submit(alone("x"), blocker.job()));
  blocker.begun.get_future().wait();
  EXPECT_EQ(pool.waiting(), 0U);
  ASSERT_TRUE(pool.submit(alone("a"), {[&] { done.set_value(); }, [] {}}));
  EXPECT_EQ(pool.waiting(), 1U);
  passed = 2s;
  blocker.release.set_value();
  done.get_future().wait();
  EXPECT_EQ(pool.waiting(), 0U);
  const Distribution waits = pool.waits().value();
  EXPECT_EQ(waits.sum, 2'000'000'000U);
  EXPECT_EQ(waits.counts.front(), 1U) << "the first one did not wait";
}

TEST(FairPool, LetsClientsTakeTurns) {
  Blocker blocker;
  std::string order;
  std::latch done(5);
  FairPool pool({.threads = 1});
  ASSERT_TRUE(pool.submit(alone("x"), blocker.job()));
  blocker.begun.get_future().wait();
  const auto note = [&](char c) {
    return FairPool::Job{[&order, &done, c] {
                           order += c;
                           done.count_down();
                         },
                         [] {}};
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.submit(alone("greedy"), note('g')));
  ASSERT_TRUE(pool.submit(alone("modest"), note('m')));
  ASSERT_TRUE(pool.submit(alone("late"), note('l')));
  blocker.release.set_value();
  done.wait();
  EXPECT_EQ(order, "gmlgg");
}

TEST(FairPool, RefusesAJobThatWaitedTooLong) {
  std::promise<bool> refused;
  FairPool pool({.threads = 1, .queue_max = 8, .wait_max = 0ms});  // any wait is too long
  ASSERT_TRUE(pool.submit(alone("a"), {[&] { refused.set_value(false); }, [&] { refused.set_value(true); }}));
  EXPECT_TRUE(refused.get_future().get());
}

// A pool with a clock of its own, so that slow jobs take no real time.
struct SlowPool {
  std::atomic<std::chrono::milliseconds> time{0ms};
  Blocker blocker;
  std::atomic<int> ran = 0, refused = 0;
  FairPool pool{{.threads = 1, .queue_max = 8, .wait_max = 3s, .now = [this] {
                   return std::chrono::steady_clock::time_point(time.load());
                 }}};

  void run_a_job_of(std::chrono::milliseconds length) {
    std::promise<void> done;
    const auto take_time = [&] {
      time = time.load() + length;
      done.set_value();
    };
    ASSERT_TRUE(pool.submit(alone("x"), {take_time, [] {}}));
    done.get_future().wait();
  }
  // Runs one job of that length, and starts another that does not end yet.
  void after_a_job_of(std::chrono::milliseconds length) {
    run_a_job_of(length);
    ASSERT_TRUE(pool.submit(alone("x"), blocker.job()));
    blocker.begun.get_future().wait();
  }
  bool submit() {
    return pool.submit(alone("a"), {[this] { ++ran; }, [this] { ++refused; }});
  }
};

// With 64 logins waiting each took more than four seconds, and most of them were refused after three.
TEST(FairPool, TakesNoMoreJobsThanCanEndInTime) {
  SlowPool slow;
  slow.after_a_job_of(1s);
  EXPECT_TRUE(slow.submit());
  EXPECT_FALSE(slow.submit()) << "it would begin after two seconds and end after three";
  slow.blocker.release.set_value();
}

TEST(FairPool, TakesAsManyJobsAsBeforeAfterOneSlowJob) {
  SlowPool slow;
  for (int i = 0; i < 32; ++i) slow.run_a_job_of(10ms);
  slow.after_a_job_of(1s);
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(slow.submit()) << i;
  slow.blocker.release.set_value();
}

TEST(FairPool, RefusesAJobThatWouldEndTooLate) {
  SlowPool slow;
  slow.after_a_job_of(1s);
  ASSERT_TRUE(slow.submit());
  slow.time = slow.time.load() + 3s;  // the running job took longer
  slow.blocker.release.set_value();
  while (slow.ran + slow.refused < 1) std::this_thread::yield();
  EXPECT_EQ(slow.refused, 1);
}

TEST(FairPool, WorksEvenIfOneJobTakesLongerThanAnyMayWait) {
  SlowPool slow;
  slow.after_a_job_of(5s);
  EXPECT_TRUE(slow.submit());
  EXPECT_FALSE(slow.submit());
  slow.blocker.release.set_value();
  while (slow.ran + slow.refused < 1) std::this_thread::yield();
  EXPECT_EQ(slow.ran, 1);
}

// One stranger's flood made hashing slow. The queue shrank to one job, which was the stranger's, and the owner's login
// from another address was refused.
TEST(FairPool, AdmitsAClientThatHasNothingInThePool) {
  SlowPool slow;
  std::string ran;
  std::atomic<int> answered = 0;
  const auto submit = [&](const std::string& address, char name) {
    return slow.pool.submit(alone(address), {[&, name] {
                                               ran += name;
                                               ++answered;
                                             },
                                             [&] { ++answered; }});
  };
  for (int i = 0; i < 8; ++i) slow.run_a_job_of(2500ms);
  ASSERT_TRUE(slow.pool.submit(alone("stranger"), slow.blocker.job()));
  slow.blocker.begun.get_future().wait();
  ASSERT_TRUE(submit("another", 'a'));
  EXPECT_FALSE(submit("another", 'b')) << "the queue has shrunk to one job";
  EXPECT_TRUE(submit("owner", 'o'));
  EXPECT_FALSE(submit("owner", 'p')) << "only the first job of a client is always taken";
  slow.time = slow.time.load() + 2500ms;  // the stranger's job ends, later than a job may usually wait
  slow.blocker.release.set_value();
  while (answered < 2) std::this_thread::yield();
  EXPECT_EQ(ran, "ao");
}

TEST(FairPool, DisplacesAStrangersJobForAClientThatHasNothing) {
  SlowPool slow;
  for (int i = 0; i < 8; ++i) slow.run_a_job_of(2500ms);
  ASSERT_TRUE(slow.pool.submit(alone("stranger"), slow.blocker.job()));
  slow.blocker.begun.get_future().wait();
  ASSERT_TRUE(slow.pool.submit(alone("stranger"), {[] {}, [&] { ++slow.refused; }}));
  EXPECT_TRUE(slow.pool.submit(alone("owner"), {[&] { ++slow.ran; }, [&] { ++slow.refused; }}));
  EXPECT_EQ(slow.refused, 1) << "the stranger has one running and one waiting, the owner none";
  slow.blocker.release.set_value();
  while (slow.ran < 1) std::this_thread::yield();
}

// A client that had a turn while others waited comes after them, however soon it sends the next job.
TEST(FairPool, GivesTheNextTurnToAClientThatCameWhileAJobRan) {
  Blocker blocker;
  std::string order;
  std::latch done(2);
  FairPool pool({.threads = 1});
  ASSERT_TRUE(pool.submit(alone("greedy"), blocker.job()));
  blocker.begun.get_future().wait();
  for (const auto& [address, name] : {std::pair{"greedy", 'g'}, std::pair{"owner", 'o'}}) {
    ASSERT_TRUE(pool.submit(alone(address), {[&order, &done, c = name] {
                                               order += c;
                                               done.count_down();
                                             },
                                             [] {}}));
  }
  blocker.release.set_value();
  done.wait();
  EXPECT_EQ(order, "og");
}

TEST(FairPool, AdmitsAsManyClientsAsTheQueueIsLong) {
  SlowPool slow;  // a queue of 8
  slow.after_a_job_of(2500ms);
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(slow.pool.submit(alone(std::to_string(i)), {[] {}, [] {}})) << i;
  EXPECT_FALSE(slow.pool.submit(alone("one more"), {[] {}, [] {}}));
  slow.blocker.release.set_value();
}

// A hundred addresses of one network held a place each, so nobody had most, and every login of the owner was refused.
TEST(FairPool, AdmitsANetworkThatHasNothingInThePool) {
  SlowPool slow;  // 8 places
  std::string ran;
  std::atomic<int> answered = 0, refused = 0;
  const auto submit = [&](const FairPool::Source& source, char name) {
    return slow.pool.submit(source, {[&, name] {
                                       ran += name;
                                       ++answered;
                                     },
                                     [&] {
                                       ++refused;
                                       ++answered;
                                     }});
  };
  slow.after_a_job_of(2500ms);
  for (char name = '1'; name <= '8'; ++name) EXPECT_TRUE(submit({std::string(1, name), "strangers"}, name));
  EXPECT_FALSE(submit({"9", "strangers"}, '9')) << "equals do not push each other out";
  EXPECT_TRUE(submit({"owner", "home"}, 'o'));
  EXPECT_EQ(refused, 1) << "one of the network that has most";
  EXPECT_TRUE(submit({"owner", "home"}, 'p'));
  EXPECT_FALSE(submit({"9", "strangers"}, '9')) << "not at the cost of the address that has two";
  slow.blocker.release.set_value();
  while (answered < 10) std::this_thread::yield();
  EXPECT_EQ(ran, "1o2p3456") << "networks take turns";
}

TEST(FairPool, SharesInsideOneNetworkByAddress) {
  Blocker blocker;
  int refused = 0;
  FairPool pool({.threads = 1, .queue_max = 4});
  ASSERT_TRUE(pool.submit(alone("x"), blocker.job()));
  blocker.begun.get_future().wait();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(pool.submit({"greedy", "n"}, {[] {}, [&] { ++refused; }}));
  EXPECT_TRUE(pool.submit({"modest", "n"}, {[] {}, [] {}}));
  EXPECT_EQ(refused, 1);
  blocker.release.set_value();
}

TEST(FairPool, RunsOrRefusesEveryJobWhenItIsDestroyed) {
  Blocker blocker;
  std::atomic<int> answered = 0;
  const auto answer = [&] { ++answered; };
  std::jthread releaser;
  {
    FairPool pool({.threads = 1});
    ASSERT_TRUE(pool.submit(alone("a"), blocker.job()));
    blocker.begun.get_future().wait();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.submit(alone("b"), {answer, answer}));
    // The destructor waits for the running job, so that has to end meanwhile.
    releaser = std::jthread([&] { blocker.release.set_value(); });
  }
  EXPECT_EQ(answered, 3);
}

}  // namespace
}  // namespace integrity
