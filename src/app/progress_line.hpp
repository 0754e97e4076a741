// One line on stderr that is written over while a command works. It appears only on a terminal, and only after a second.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace integrity::app {

// "copying 40 %"; "words 65536" where `of` is 0, not known; "checking …" where nothing is counted.
std::string progress_text(std::string_view what, std::uint64_t done, std::uint64_t of);

class ProgressLine {
 public:
  ~ProgressLine() { hide(); }
  ProgressLine() = default;
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(std::string_view text);
  void hide();

 private:
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_;
  bool shown_ = false;
};

}  // namespace integrity::app
