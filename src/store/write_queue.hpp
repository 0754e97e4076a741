// The writes that wait, and how an engine's writer thread takes them from there in groups.
//
//   WriteQueue queue(4096);
//   queue.submit(std::move(job));                        // any thread
//   while (queue.take(group, 256)) { …; group.clear(); } // the writer's thread
//
// Sources (Origin::source) take turns, one job each, so that a source with thousands of jobs delays another by one job.
// The jobs of one source keep their order. A full queue refuses the newest job of the source that has most in it.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/job.hpp"

namespace integrity::store {

class WriteQueue {
 public:
  using Group = std::vector<std::unique_ptr<Job>>;

  explicit WriteQueue(std::size_t jobs_max) : jobs_max_(jobs_max) {}

  // Ends the job, or one that gives way to it, with `overloaded` where there is no room.
  void submit(std::unique_ptr<Job> job) noexcept;

  // Appends up to `most` jobs, waiting until there is one. False when the queue is closed and empty.
  bool take(Group& group, std::size_t most);
  // Jobs of the last group, in their order, that were not answered: they are again the first of their sources.
  void give_back(std::span<std::unique_ptr<Job>> jobs) noexcept;
  // How many sources the last group has: its first so many jobs are one of each. From the writer's thread.
  std::size_t sources() const { return sources_; }
  // Whether a source waits that has no job in the last group. From the writer's thread, without a lock.
  bool others_wait() const { return others_wait_.load(std::memory_order_relaxed); }

  void fail_waiting(const Error& error) noexcept;  // ends all that wait
  void stop(const Error& error) noexcept;          // the same, and from now on every job that is submitted
  void close();                                    // `take` gives what is left, then false

 private:
  // The jobs of one source. Kept for a while when it is empty: a client that sends one request after the other would
  // otherwise cost an allocation each time.
  struct Lane {
    std::deque<std::unique_ptr<Job>> jobs = {};
    Lane* next = nullptr;          // in `turns_`
    std::uint64_t last_group = 0;  // that has a job of this source
  };
  // Lanes that have jobs: the first is served next, then it is the last.
  struct Turns {
    Lane* first = nullptr;
    Lane* last = nullptr;
    void append(Lane& lane);
    Lane& take_first();
  };

  // Makes room for one more of this source: the newest job of the source that has most, or none.
  std::unique_ptr<Job> displace_for(const std::string& source);
  void fail(std::unique_lock<std::mutex> lock, const Error& error) noexcept;

  const std::size_t jobs_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::unordered_map<std::string, Lane> lanes_;
  Turns turns_;
  std::size_t jobs_ = 0;
  std::uint64_t group_ = 0;
  std::size_t sources_ = 0;
  bool sleeping_ = false;
  bool closed_ = false;
  std::optional<Error> stopped_;
  std::atomic<bool> others_wait_ = false;
};

}  // namespace integrity::store
