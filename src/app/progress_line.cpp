#include "app/progress_line.hpp"

#include <unistd.h>

#include <iostream>
#include <utility>

namespace integrity::app {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kQuiet{1};
constexpr std::chrono::milliseconds kPause{100};
constexpr const char* kEmptyLine = "\r\033[K";

}  // namespace

std::string progress_text(std::string_view what, std::uint64_t done, std::uint64_t of) {
  std::string text(what);
  if (of > 0) return text + ' ' + std::to_string(done * 100 / of) + " %";
  return text + ' ' + (done > 0 ? std::to_string(done) : "…");
}

void ProgressLine::show(std::string_view text) {
  static const bool terminal = ::isatty(STDERR_FILENO) == 1;
  const auto now = steady_clock::now();
  if (!terminal || now - began_ < kQuiet || now < next_) return;
  next_ = now + kPause;
  shown_ = true;
  std::cerr << kEmptyLine << text << std::flush;
}

void ProgressLine::hide() {
  if (std::exchange(shown_, false)) std::cerr << kEmptyLine << std::flush;
}

}  // namespace integrity::app
