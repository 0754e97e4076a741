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
  ASSERT_TRUE(pool.submit("x", blocker.job()));
  blocker.begun.get_future().wait();
  EXPECT_TRUE(pool.submit("a", {[] {}, [] {}}));
  EXPECT_TRUE(pool.submit("b", {[] {}, [] {}}));
  EXPECT_FALSE(pool.submit("c", {[] {}, [] {}}));
  blocker.release.set_value();
}

// A flood from one address once filled the queue, and all logins of others were refused.
TEST(FairPool, DisplacesAJobOfTheClientThatHoldsMost) {
  Blocker blocker;
  std::string ran, refused;
  FairPool pool({.threads = 1, .queue_max = 4});
  ASSERT_TRUE(pool.submit("x", blocker.job()));
  blocker.begun.get_future().wait();
  const auto submit = [&](const std::string& client, char name) {
    return pool.submit(client, {[&, name] { ran += name; }, [&, name] { refused += name; }});
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

TEST(FairPool, LetsClientsTakeTurns) {
  Blocker blocker;
  std::string order;
  std::latch done(5);
  FairPool pool({.threads = 1});
  ASSERT_TRUE(pool.submit("x", blocker.job()));
  blocker.begun.get_future().wait();
  const auto note = [&](char c) {
    return FairPool::Job{[&order, &done, c] {
                           order += c;
                           done.count_down();
                         },
                         [] {}};
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.submit("greedy", note('g')));
  ASSERT_TRUE(pool.submit("modest", note('m')));
  ASSERT_TRUE(pool.submit("late", note('l')));
  blocker.release.set_value();
  done.wait();
  EXPECT_EQ(order, "gmlgg");
}

TEST(FairPool, RefusesAJobThatWaitedTooLong) {
  std::promise<bool> refused;
  FairPool pool({.threads = 1, .queue_max = 8, .wait_max = 0ms});  // any wait is too long
  ASSERT_TRUE(pool.submit("a", {[&] { refused.set_value(false); }, [&] { refused.set_value(true); }}));
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
    ASSERT_TRUE(pool.submit("x", {take_time, [] {}}));
    done.get_future().wait();
  }
  // Runs one job of that length, and starts another that does not end yet.
  void after_a_job_of(std::chrono::milliseconds length) {
    run_a_job_of(length);
    ASSERT_TRUE(pool.submit("x", blocker.job()));
    blocker.begun.get_future().wait();
  }
  bool submit() {
    return pool.submit("a", {[this] { ++ran; }, [this] { ++refused; }});
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
  const auto submit = [&](const std::string& client, char name) {
    return slow.pool.submit(client, {[&, name] {
                                       ran += name;
                                       ++answered;
                                     },
                                     [&] { ++answered; }});
  };
  for (int i = 0; i < 8; ++i) slow.run_a_job_of(2500ms);
  ASSERT_TRUE(slow.pool.submit("stranger", slow.blocker.job()));
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
  ASSERT_TRUE(slow.pool.submit("stranger", slow.blocker.job()));
  slow.blocker.begun.get_future().wait();
  ASSERT_TRUE(slow.pool.submit("stranger", {[] {}, [&] { ++slow.refused; }}));
  EXPECT_TRUE(slow.pool.submit("owner", {[&] { ++slow.ran; }, [&] { ++slow.refused; }}));
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
  ASSERT_TRUE(pool.submit("greedy", blocker.job()));
  blocker.begun.get_future().wait();
  for (const auto& [client, name] : {std::pair{"greedy", 'g'}, std::pair{"owner", 'o'}}) {
    ASSERT_TRUE(pool.submit(client, {[&order, &done, c = name] {
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
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(slow.pool.submit(std::to_string(i), {[] {}, [] {}})) << i;
  EXPECT_FALSE(slow.pool.submit("one more", {[] {}, [] {}}));
  slow.blocker.release.set_value();
}

TEST(FairPool, RunsOrRefusesEveryJobWhenItIsDestroyed) {
  Blocker blocker;
  std::atomic<int> answered = 0;
  const auto answer = [&] { ++answered; };
  std::jthread releaser;
  {
    FairPool pool({.threads = 1});
    ASSERT_TRUE(pool.submit("a", blocker.job()));
    blocker.begun.get_future().wait();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.submit("b", {answer, answer}));
    // The destructor waits for the running job, so that has to end meanwhile.
    releaser = std::jthread([&] { blocker.release.set_value(); });
  }
  EXPECT_EQ(answered, 3);
}

}  // namespace
}  // namespace integrity
