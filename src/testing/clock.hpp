// A clock that stands still until it is moved. Safe from any thread.
#pragma once
#include <atomic>

#include "base/time.hpp"

namespace integrity::test {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time now = from_millis(1'800'000'000'000)) : now_(to_millis(now)) {}
  Time now() const override { return from_millis(now_.load()); }
  void move(Millis by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_;
};

}  // namespace integrity::test
