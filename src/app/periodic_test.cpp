#include "app/periodic.hpp"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <stdexcept>

#include "testing/no_memory.hpp"

namespace integrity::app {
namespace {

TEST(Periodic, RunsAgainAfterAFailure) {
  int runs = 0;
  std::promise<void> third;
  const Periodic periodic(std::chrono::milliseconds(1), [&] {
    if (++runs == 3) third.set_value();
    if (runs < 3) throw std::runtime_error("not this time");
  });
  EXPECT_EQ(third.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

// std::bad_alloc within a catch handler ended the process.
TEST(Periodic, RunsAgainAfterAFailureThatCannotBeLogged) {
  const auto failure = std::make_exception_ptr(std::runtime_error(std::string(100, 'x')));
  std::optional<test::NoMemory> no_memory;  // of the thread that runs
  int runs = 0;
  std::promise<void> second;
  const Periodic periodic(std::chrono::milliseconds(1), [&] {
    if (++runs == 1) {
      no_memory.emplace();
      std::rethrow_exception(failure);
    }
    no_memory.reset();
    if (runs == 2) second.set_value();
  });
  EXPECT_EQ(second.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(Periodic, EndsWithoutWaitingForTheNextRun) {
  const auto begun = std::chrono::steady_clock::now();
  {
    const Periodic periodic(std::chrono::hours(1), [] {});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
}

}  // namespace
}  // namespace integrity::app
