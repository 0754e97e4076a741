// Whether this node may use its store now. Watch (watch.hpp) checks every two seconds; reads and writes use the result,
// without a round trip.
#pragma once
#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace integrity::store::mongo {

class Standing {
 public:
  using Steady = std::chrono::steady_clock::time_point;

  // `off_max`: how far this node's clock may be from the database's while this node writes; nothing: any distance.
  void allow_clock_off(std::optional<Millis> off_max);
  void set_moved(std::optional<std::string> why);  // everything in the store was moved to another one
  void set_database_clock(Time time, Steady at);   // the primary's clock showed `time` at `at`

  void expect_readable() const;                 // throws Closed
  void expect_writable(Time now) const;         // throws Closed; `now` by this node's clock
  std::optional<Millis> ahead(Time now) const;  // how far this node's clock is ahead; nothing: not known

 private:
  std::optional<Millis> ahead_locked(Time now) const;

  mutable std::mutex mutex_;
  std::optional<std::string> moved_;
  std::optional<Millis> off_max_;
  std::optional<std::pair<Time, Steady>> database_clock_;
};

}  // namespace integrity::store::mongo
