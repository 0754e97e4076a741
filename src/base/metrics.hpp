// What is counted for /metrics. The class that counts something owns the count as a member; app/metrics.cpp reads all
// counts (docs/adr/0027). Counts are whole numbers of 64 bits, and times are nanoseconds. Reading is safe from any
// thread, and never waits.
//
//   Tally tally;                                // one writer at a time: one thread, or the holder of one mutex
//   Counter counter;                            // any thread may write; slower, so not for counts of every request
//   Histogram<duration_buckets> waits;          // one writer at a time
//   waits.add(std::chrono::microseconds(250));
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace integrity {

// Uses no locked instruction, so that a request can count a dozen things within nanoseconds.
class Tally {
 public:
  void add(std::uint64_t more = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

class Counter {
 public:
  void add(std::uint64_t more = 1) { value_.fetch_add(more, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

// The last value that was set.
class Gauge {
 public:
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

// How many lookups found something, and how many did not.
struct Lookups {
  std::uint64_t hits = 0, misses = 0;
  Lookups& operator+=(const Lookups& more) {
    hits += more.hits;
    misses += more.misses;
    return *this;
  }
};
class LookupTally {
 public:
  void add(bool hit) { (hit ? hits_ : misses_).add(); }
  Lookups value() const { return {hits_.value(), misses_.value()}; }

 private:
  Tally hits_, misses_;
};

// The content of a histogram: how many values are in each bucket (without those of lower buckets), and the sum of all
// values. A bound is the greatest value of its bucket; one more bucket holds the values above the last bound.
struct Distribution {
  std::span<const std::uint64_t> bounds;
  std::vector<std::uint64_t> counts = std::vector<std::uint64_t>(bounds.size() + 1);
  std::uint64_t sum = 0;
};

// 100 µs to 10 s, in nanoseconds. Only two bounds per decade, because each bound costs one series for each histogram of
// requests.
inline constexpr std::array<std::uint64_t, 11> duration_buckets{
    100'000,     300'000,     1'000'000,     3'000'000,     10'000'000,    30'000'000,
    100'000'000, 300'000'000, 1'000'000'000, 3'000'000'000, 10'000'000'000};
inline constexpr std::array<std::uint64_t, 9> group_buckets{1, 2, 4, 8, 16, 32, 64, 128, 256};

template <const auto& bounds>
class Histogram {
 public:
  void add(std::uint64_t value) {
    std::size_t bucket = 0;
    while (bucket < bounds.size() && value > bounds[bucket]) ++bucket;
    counts_[bucket].add();
    sum_.add(value);
  }
  void add(std::chrono::nanoseconds time) { add(static_cast<std::uint64_t>(time.count() < 0 ? 0 : time.count())); }

  void add_to(Distribution& all) const {
    for (std::size_t i = 0; i < counts_.size(); ++i) all.counts[i] += counts_[i].value();
    all.sum += sum_.value();
  }
  Distribution value() const {
    Distribution all{bounds};
    add_to(all);
    return all;
  }

 private:
  std::array<Tally, bounds.size() + 1> counts_;
  Tally sum_;
};
using DurationHistogram = Histogram<duration_buckets>;

}  // namespace integrity
