// Shows what unit tests write to stderr only for tests that fail: passing tests provoke faults and log hundreds of
// them, and a real fault would be lost among those. The text is held in memory while a test runs; a crash shows it too.
// test/test_unit_log.py runs the sample below in all three ways.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "base/log.hpp"

extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace integrity {
namespace {

int terminal = -1;  // where stderr goes otherwise
int held = -1;      // a file in memory, while a test runs

// Runs in signal handlers too, so it makes only system calls.
void show_held() {
  std::array<char, 4096> part{};
  off_t at = 0;
  for (ssize_t size; (size = ::pread(held, part.data(), part.size(), at)) > 0; at += size) {
    if (::write(terminal, part.data(), static_cast<std::size_t>(size)) < 0) return;
  }
}
void show_held_of_crash(int) {
  show_held();
}

class LogCapture final : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override {
    terminal = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    held = ::memfd_create("stderr of a test", MFD_CLOEXEC);
    ::dup2(held, STDERR_FILENO);
  }
  void OnTestEnd(const ::testing::TestInfo& test) override {
    log::flush_refusals();  // otherwise a thread logs them during a later test
    ::dup2(terminal, STDERR_FILENO);
    if (test.result()->Failed()) show_held();
    ::close(held);
    ::close(terminal);
    held = terminal = -1;
  }
};

[[maybe_unused]] const bool installed = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new LogCapture);  // which deletes it
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(show_held);
  for (const int crash : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTERM}) {
    struct sigaction before {};
    ::sigaction(crash, nullptr, &before);
    if (before.sa_handler != SIG_DFL) continue;  // a sanitizer's handler, which calls the death callback
    struct sigaction show {};
    show.sa_handler = show_held_of_crash;
    show.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(crash, &show, nullptr);
  }
  return true;
}();

TEST(LogCapture, HoldsTheLogOfATestUntilItFails) {
  log::event("sample");
  const char* const how = std::getenv("INTEGRITY_TEST_SAMPLE");
  if (how == nullptr) return;
  if (std::string_view(how) == "abort") std::abort();
  FAIL() << how;
}

// Two tests in this order: the first leaves a refusal that was counted and not yet logged.
TEST(LogCapture, LogsCountedRefusalsAtTheEndOfATest) {
  for (int i = 0; i < 2; ++i) log::refusal("sample", "kind", {});
}
TEST(LogCapture, LeavesNoCountedRefusalsToTheNextTest) {
  ::testing::internal::CaptureStderr();
  log::flush_refusals();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace integrity
