#include "app/periodic.hpp"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

namespace integrity::app {
namespace {

TEST(Periodic, ComesRoundAlsoAfterAFailure) {
  int runs = 0;
  std::promise<void> third;
  const Periodic periodic(std::chrono::milliseconds(1), [&] {
    if (++runs == 3) third.set_value();
    if (runs < 3) throw std::runtime_error("not this time");
  });
  EXPECT_EQ(third.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(Periodic, EndsWithoutWaitingForItsTime) {
  const auto begun = std::chrono::steady_clock::now();
  {
    const Periodic periodic(std::chrono::hours(1), [] {});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
}

}  // namespace
}  // namespace integrity::app
