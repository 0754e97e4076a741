// Whether this node may use its store just now. Watch (watch.hpp) finds it out every two seconds; reads and writes ask
// here, which costs no round trip.
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

  // `off_max`: how far this node's clock may be from the database's for it to write; nothing: any distance.
  void allow_clock_off(std::optional<Millis> off_max);
  void set_moved(std::optional<std::string> why);  // everything in the store is in another one
  void set_database_clock(Time time, Steady at);   // what the primary's clock showed

  void expect_readable() const;                 // throws Closed
  void expect_writable(Time now) const;         // throws Closed; `now` by this node's clock
  std::optional<Millis> ahead(Time now) const;  // by how much this node's clock is; nothing: not known

 private:
  std::optional<Millis> ahead_locked(Time now) const;

  mutable std::mutex mutex_;
  std::optional<std::string> moved_;
  std::optional<Millis> off_max_;
  std::optional<std::pair<Time, Steady>> database_clock_;
};

}  // namespace integrity::store::mongo
