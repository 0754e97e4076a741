#include "app/clock_watch.hpp"

#include <time.h>

#include <utility>

#include "base/log.hpp"

namespace integrity::app {

std::optional<std::chrono::seconds> ClockWatch::jumped(Time wall, Millis since_boot) {
  const std::int64_t ahead = to_millis(wall) - since_boot.count();
  const Millis by(ahead - std::exchange(ahead_, ahead));
  if (by < jump_min && by > -jump_min) return {};
  return std::chrono::round<std::chrono::seconds>(by);
}

Millis since_boot() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::duration_cast<Millis>(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

void log_jump(ClockWatch& watch, const Clock& clock) {
  const auto by = watch.jumped(clock.now(), since_boot());
  if (!by) return;
  const std::string seconds = std::to_string(by->count());
  log::event(
      "clock.jumped",
      {{"seconds", seconds},
       {"means", by->count() > 0
                     ? "the clock of this host was set forward: sessions, codes and stored responses may have ended "
                       "early. If it is wrong, set it back and keep it by NTP"
                     : "the clock of this host was set back: times of records stand still until it has caught up, "
                       "and codes that were used meanwhile are refused. If it is wrong, correct it and keep it by "
                       "NTP"}});
}

}  // namespace integrity::app
