#include "store/mongo/standing.hpp"

#include <utility>

#include "store/mongo/error_map.hpp"

namespace integrity::store::mongo {

void Standing::allow_clock_off(std::optional<Millis> off_max) {
  const std::lock_guard lock(mutex_);
  off_max_ = off_max;
}

void Standing::set_moved(std::optional<std::string> why) {
  const std::lock_guard lock(mutex_);
  moved_ = std::move(why);
}

void Standing::set_database_clock(Time time, Steady at) {
  const std::lock_guard lock(mutex_);
  database_clock_ = {time, at};
}

void Standing::expect_readable() const {
  const std::lock_guard lock(mutex_);
  if (moved_) throw Closed(*moved_, "everything in this store was moved to another store");
}

// The time of a group is the earliest time of all later writes of all nodes. So the time of a clock that is days ahead
// would stay in the database for days.
void Standing::expect_writable(Time now) const {
  const std::lock_guard lock(mutex_);
  const auto ahead = ahead_locked(now);
  if (!off_max_ || !ahead || std::chrono::abs(*ahead) <= *off_max_) return;
  const auto seconds = std::chrono::abs(std::chrono::round<std::chrono::seconds>(*ahead)).count();
  const std::string off = "this server's clock is " + std::to_string(seconds) + " s " +
                          (*ahead > Millis(0) ? "ahead of" : "behind") + " the database's";
  throw Closed(
      off + ", so it writes nothing. Set the clock of the one that is wrong (NTP), and writing goes on",
      off + ", so it writes nothing until that is mended; nothing was changed. Its operator must set the clock");
}

std::optional<Millis> Standing::ahead(Time now) const {
  const std::lock_guard lock(mutex_);
  return ahead_locked(now);
}

// Between two checks the database's clock is assumed to run like the monotonic clock, so a change of this node's clock
// counts at once.
std::optional<Millis> Standing::ahead_locked(Time now) const {
  if (!database_clock_) return {};
  const auto since = std::chrono::steady_clock::now() - database_clock_->second;
  return now - (database_clock_->first + std::chrono::duration_cast<Millis>(since));
}

}  // namespace integrity::store::mongo
