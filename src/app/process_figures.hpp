// What the system says about this process. Where it does not say it (no /proc), 0.
#pragma once
#include <chrono>
#include <cstdint>

namespace integrity::app {

struct ProcessFigures {
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_files = 0, open_files_max = 0;
  std::chrono::nanoseconds cpu{};
  std::uint64_t started_at = 0;  // seconds since 1970

  static ProcessFigures now();
};

}  // namespace integrity::app
