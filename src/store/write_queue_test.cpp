// The queue of writes: whose turn it is, and who gives way when it is full.
#include "store/write_queue.hpp"

#include <gtest/gtest.h>

#include <map>

namespace integrity::store {
namespace {

class WriteQueueTest : public testing::Test {
 protected:
  class Named final : public Job {
   public:
    Named(WriteQueueTest& test, const std::string& source, std::string name)
        : Job({.source = source}), test_(test), name_(std::move(name)) {}
    Status run(WriteTx&) override { return {}; }
    void done(Status commit) noexcept override { test_.answers_[name_] = commit ? "" : commit.error().detail; }
    const std::string& name() const { return name_; }

   private:
    WriteQueueTest& test_;
    const std::string name_;
  };

  void submit(const std::string& source, const std::string& name) {
    queue_.submit(std::make_unique<Named>(*this, source, name));
  }
  // "a1 b1 a2": what the next group has.
  std::string take(std::size_t most = 100) {
    group_.clear();
    queue_.take(group_, most);
    std::string names;
    for (const auto& job : group_) names += (names.empty() ? "" : " ") + dynamic_cast<Named&>(*job).name();
    return names;
  }

  WriteQueue queue_{6};
  WriteQueue::Group group_;
  std::map<std::string, std::string> answers_;
};

TEST_F(WriteQueueTest, SourcesTakeTurnsAndEachKeepsItsOrder) {
  for (const auto* name : {"a1", "a2", "a3"}) submit("a", name);
  submit("b", "b1");
  submit("c", "c1");
  submit("b", "b2");
  EXPECT_EQ(take(), "a1 b1 c1 a2 b2 a3");
  EXPECT_EQ(queue_.sources(), 3U);
}

TEST_F(WriteQueueTest, AGroupThatIsFullGoesOnWithTheNextSource) {
  for (const auto* name : {"a1", "a2", "a3"}) submit("a", name);
  submit("b", "b1");
  submit("c", "c1");
  EXPECT_EQ(take(2), "a1 b1");
  EXPECT_EQ(take(2), "c1 a2");
  EXPECT_EQ(take(2), "a3");
}

TEST_F(WriteQueueTest, AFullQueueRefusesTheNewestJobOfTheSourceThatHasMost) {
  for (const auto* name : {"a1", "a2", "a3", "a4"}) submit("a", name);
  submit("b", "b1");
  submit("b", "b2");
  submit("c", "c1");
  EXPECT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_["a4"], overloaded().detail);
  submit("a", "a5");  // has most itself
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
  EXPECT_EQ(answers_.size(), 2U);
  EXPECT_TRUE(answers_.contains("a4"));
  EXPECT_TRUE(answers_.contains("b4"));
}

TEST_F(WriteQueueTest, JobsThatAreGivenBackComeFirstAmongTheirSource) {
  for (const auto* name : {"a1", "a2", "a3", "a4"}) submit("a", name);
  EXPECT_EQ(take(3), "a1 a2 a3");
  submit("b", "b1");
  queue_.give_back(std::span(group_).subspan(1));
  EXPECT_EQ(take(), "a2 b1 a3 a4");
}

TEST_F(WriteQueueTest, TellsWhenASourceWaitsThatTheGroupHasNothingOf) {
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

TEST_F(WriteQueueTest, AStoppedQueueRefusesWhatWaitsAndWhatComes) {
  submit("a", "a1");
  queue_.stop(unavailable("the disk has failed"));
  submit("b", "b1");
  EXPECT_EQ(answers_["a1"], unavailable("").detail);
  EXPECT_EQ(answers_["b1"], unavailable("").detail);
}

TEST_F(WriteQueueTest, AClosedQueueGivesWhatIsLeft) {
  submit("a", "a1");
  queue_.close();
  EXPECT_EQ(take(), "a1");
  EXPECT_FALSE(queue_.take(group_, 1) && group_.size() > 1);
}

// More sources than are remembered, one after the other: the queue must not grow with them, and forgets none that waits.
TEST_F(WriteQueueTest, ForgetsSourcesThatHaveNothingWaiting) {
  for (int i = 0; i < 5000; ++i) {
    const std::string name = std::to_string(i);
    submit(name, name);
    EXPECT_EQ(take(), name);
  }
  submit("a", "a1");
  EXPECT_EQ(take(), "a1");
}

}  // namespace
}  // namespace integrity::store
