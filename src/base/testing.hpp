// For tests only: a clock that stands until it is moved, and chance that repeats itself.
#pragma once
#include <atomic>
#include <mutex>
#include <random>

#include "base/random.hpp"
#include "base/time.hpp"

namespace integrity::testing {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(Time now = from_millis(1'800'000'000'000)) : now_(to_millis(now)) {}
  Time now() const override { return from_millis(now_.load()); }
  void move(Millis by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed = 1) : engine_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    const std::scoped_lock lock(mutex_);
    for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace integrity::testing
