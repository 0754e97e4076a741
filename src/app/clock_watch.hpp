// Notices that the clock of the host was set: `clock.jumped` in the log.
//
// The wall clock is compared with the time since the machine was booted, which nobody can set, and which goes on while
// the machine or this process is stopped. So a machine that was suspended, or a process that got no time, is no jump;
// nor is a clock that is corrected slowly.
#pragma once
#include <chrono>
#include <optional>

#include "base/time.hpp"

namespace integrity::app {

class ClockWatch {
 public:
  static constexpr std::chrono::seconds jump_min{10};

  ClockWatch(Time wall, Millis since_boot) : ahead_(to_millis(wall) - since_boot.count()) {}

  // By how much the clock was set since the last call, forward or back; nothing where it was less than `jump_min`.
  std::optional<std::chrono::seconds> jumped(Time wall, Millis since_boot);

 private:
  std::int64_t ahead_;  // of the wall clock, in milliseconds
};

Millis since_boot();  // suspended time included

// Compares the clocks now, and logs a jump since the last call. `watch` belongs to this function.
void log_jump(ClockWatch& watch, const Clock& clock);

}  // namespace integrity::app
