// The queue of writes: which source has its turn, and which one gives way when the queue is full.
#include "store/write_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <map>
#include <stdexcept>

#include "store/refusals.hpp"
#include "testing/no_memory.hpp"

namespace integrity::store {
namespace {

class WriteQueueTest : public testing::Test {
 protected:
  class Named final : public Job {
   public:
    Named(WriteQueueTest& test, const std::string& source, std::string name)
        : Job({.source = source}), name_(std::move(name)), answer_(&test.answers_[name_]) {}
    Status run(WriteTx&) override { return {}; }
    void done(Status commit) noexcept override {
      answer_->emplace(commit ? std::string() : std::move(std::move(commit).error().detail));
    }
    const std::string& name() const { return name_; }

   private:
    const std::string name_;
    std::optional<std::string>* const answer_;  // made before memory runs short
  };

  void submit(const std::string& source, const std::string& name) {
    queue_.submit(std::make_unique<Named>(*this, source, name));
  }
  // The jobs of the next group: "a1 b1 a2".
  std::string take(std::size_t most = 100) {
    group_.clear();
    queue_.take(group_, most);
    std::string names;
    for (const auto& job : group_) names += (names.empty() ? "" : " ") + dynamic_cast<Named&>(*job).name();
    return names;
  }

  std::ptrdiff_t answered() const {
    return std::count_if(answers_.begin(), answers_.end(), [](const auto& each) { return each.second.has_value(); });
  }

  WriteQueue queue_{6};
  WriteQueue::Group group_;
  std::map<std::string, std::optional<std::string>> answers_;  // of all jobs; nothing while a job waits
};

TEST_F(WriteQueueTest, SourcesTakeTurnsAndEachKeepsItsOrder) {
  for (const auto* name : {"a1", "a2", "a3"}) submit("a", name);
  submit("b", "b1");
  submit("c", "c1");
  submit("b", "b2");
  EXPECT_EQ(take(), "a1 b1 c1 a2 b2 a3");
  EXPECT_EQ(queue_.sources(), 3U);
}

TEST_F(WriteQueueTest, AfterAFullGroupTheNextSourceHasItsTurn) {
  for (const auto* name : {"a1", "a2", "a3"}) submit("a", name);
  submit("b", "b1");
  submit("c", "c1");
  EXPECT_EQ(take(2), "a1 b1");
  EXPECT_EQ(take(2), "c1 a2");
  EXPECT_EQ(take(2), "a3");
}

TEST_F(WriteQueueTest, AFullQueueRefusesTheNewestJobOfTheSourceWithTheMostJobs) {
  for (const auto* name : {"a1", "a2", "a3", "a4"}) submit("a", name);
  submit("b", "b1");
  submit("b", "b2");
  submit("c", "c1");
  EXPECT_EQ(answered(), 1);
  EXPECT_EQ(answers_["a4"], overloaded().detail);
  submit("a", "a5");  // "a" has the most jobs itself
  EXPECT_EQ(answers_["a5"], overloaded().detail);
  EXPECT_EQ(take(), "a1 b1 c1 a2 b2 a3");
}

TEST_F(WriteQueueTest, SourcesWithEquallyManyDoNotDisplaceEachOther) {
  for (const auto* name : {"1", "2", "3"}) {
    submit("a", std::string("a") + name);
    submit("b", std::string("b") + name);
  }
  submit("a", "a4");
  submit("b", "b4");
  EXPECT_EQ(answered(), 2);
  EXPECT_TRUE(answers_["a4"]);
  EXPECT_TRUE(answers_["b4"]);
}

TEST_F(WriteQueueTest, JobsThatAreGivenBackComeFirstAmongTheirSource) {
  for (const auto* name : {"a1", "a2", "a3", "a4"}) submit("a", name);
  EXPECT_EQ(take(3), "a1 a2 a3");
  submit("b", "b1");
  queue_.give_back(std::span(group_).subspan(1));
  EXPECT_EQ(take(), "a2 b1 a3 a4");
}

TEST_F(WriteQueueTest, KnowsWhetherASourceWaitsThatHasNoJobInTheGroup) {
  submit("a", "a1");
  submit("b", "b1");
  EXPECT_EQ(take(1), "a1");
  EXPECT_TRUE(queue_.others_wait());
  EXPECT_EQ(take(1), "b1");
  EXPECT_FALSE(queue_.others_wait());
  submit("b", "b2");
  EXPECT_FALSE(queue_.others_wait());
  submit("a", "a2");
  EXPECT_TRUE(queue_.others_wait());
}

TEST_F(WriteQueueTest, AStoppedQueueRefusesWaitingAndNewJobs) {
  submit("a", "a1");
  queue_.stop(unavailable("the disk has failed"));
  submit("b", "b1");
  EXPECT_EQ(answers_["a1"], unavailable("").detail);
  EXPECT_EQ(answers_["b1"], unavailable("").detail);
}

TEST_F(WriteQueueTest, AClosedQueueStillGivesTheJobsThatAreLeft) {
  submit("a", "a1");
  queue_.close();
  EXPECT_EQ(take(), "a1");
  EXPECT_FALSE(queue_.take(group_, 1) && group_.size() > 1);
}

// More sources than the queue remembers, one after the other: it must not grow with them, nor forget one that waits.
TEST_F(WriteQueueTest, ForgetsSourcesThatHaveNothingWaiting) {
  for (int i = 0; i < 5000; ++i) {
    const std::string name = std::to_string(i);
    submit(name, name);
    EXPECT_EQ(take(), name);
  }
  submit("a", "a1");
  EXPECT_EQ(take(), "a1");
}

// An exception that leaves the writer's thread, or a catch handler of it, ends the process; a job that is lost is a
// client that waits for ever.
class WriteQueueWithoutMemory : public WriteQueueTest {
 protected:
  std::unique_ptr<Job> job(const std::string& source, const std::string& name) {
    return std::make_unique<Named>(*this, source, name);
  }
  const std::string out_of_memory_ = out_of_memory().detail;
};

TEST_F(WriteQueueWithoutMemory, AJobThatCannotBeQueuedIsAnsweredAndTheOthersKeepTheirTurn) {
  submit("a", "a1");
  auto refused = job("a source that needs a lane", "b1");
  {
    const test::NoMemory no_memory;
    queue_.submit(std::move(refused));
  }
  EXPECT_EQ(answers_["b1"], out_of_memory_);
  submit("a source that needs a lane", "b2");
  EXPECT_EQ(take(), "a1 b2");
}

TEST_F(WriteQueueWithoutMemory, AFullQueueAnswersTheJobThatGivesWay) {
  for (const auto* name : {"a1", "a2", "a3", "a4", "a5", "a6"}) submit("a", name);
  auto refused = job("a", "a7"), taken = job("b", "b1");
  {
    const test::NoMemory no_memory;
    queue_.submit(std::move(refused));
    queue_.submit(std::move(taken));
  }
  EXPECT_EQ(answers_["a7"], out_of_memory_);
  EXPECT_EQ(answers_["a6"], out_of_memory_) << "its place went to b1";
  EXPECT_EQ(answers_["b1"], out_of_memory_) << "whose lane could not be made";
  EXPECT_EQ(take(), "a1 a2 a3 a4 a5");
}

// More jobs than a lane has room for when it is empty.
TEST_F(WriteQueueWithoutMemory, AGroupIsTakenAndGivenBackOrAnswered) {
  constexpr std::ptrdiff_t jobs = 300;
  WriteQueue queue(jobs);
  for (int i = 0; i < jobs; ++i) queue.submit(job("a", std::to_string(i)));
  group_.reserve(jobs);
  {
    const test::NoMemory no_memory;
    queue.take(group_, jobs);
    queue.give_back(group_);
  }
  const auto refused = answered();
  EXPECT_GT(refused, 0);
  for (const auto& [name, answer] : answers_) EXPECT_TRUE(!answer || answer == out_of_memory_) << name;
  queue.close();
  group_.clear();
  queue.take(group_, jobs);
  EXPECT_EQ(std::ssize(group_) + refused, jobs);
}

TEST_F(WriteQueueWithoutMemory, AllThatWaitAreAnsweredWithAnErrorThatCannotBeCopied) {
  const Error error = unavailable(std::string(100, 'x'));
  for (const bool stopped : {false, true}) {
    submit("a", "a1");
    submit("b", "b1");
    {
      const test::NoMemory no_memory;
      stopped ? queue_.stop(error) : queue_.fail_waiting(error);
    }
    EXPECT_EQ(std::exchange(answers_["a1"], std::nullopt), out_of_memory_);
    EXPECT_EQ(std::exchange(answers_["b1"], std::nullopt), out_of_memory_);
  }
  submit("a", "a2");
  EXPECT_EQ(answers_["a2"], out_of_memory_);
}

TEST_F(WriteQueueWithoutMemory, AFaultIsAnErrorWithoutItsCause) {
  const auto thrown = std::make_exception_ptr(std::runtime_error(std::string(100, 'x')));
  std::optional<Error> error;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception&) {
    const test::NoMemory no_memory;
    error = fault_of_exception();
  }
  EXPECT_EQ(error->detail, out_of_memory_);
  EXPECT_EQ(error->code, Code::unavailable);
}

}  // namespace
}  // namespace integrity::store
