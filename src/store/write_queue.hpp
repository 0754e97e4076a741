// The writes that wait, from which the writer thread of an engine takes groups.
//
//   WriteQueue queue(4096);
//   queue.submit(std::move(job));                        // any thread
//   while (queue.take(group, 256)) { …; group.clear(); } // the writer's thread
//
// Sources (Origin::source) take turns, one job each, so that a source with thousands of jobs delays another by one job.
// The jobs of one source keep their order. A full queue refuses the newest job of the source that has the most jobs.
// A job for which there is no memory ends with `out_of_memory` (refusals.hpp).
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

  // Where there is no room, ends the job, or one that makes room for it, with `overloaded`.
  void submit(std::unique_ptr<Job> job) noexcept;

  // Waits until there is a job, then appends up to `most`; where `wait_max` is given, waits no longer than that and then
  // appends none. False when the queue is closed and empty. Throws only where the group has no room for `most` jobs and
  // cannot get it.
  bool take(Group& group, std::size_t most, std::optional<std::chrono::milliseconds> wait_max = {});
  // Puts jobs of the last group that have no answer yet, in their order, before the other jobs of their sources.
  void give_back(std::span<std::unique_ptr<Job>> jobs) noexcept;
  // How many sources the last group has. Its first jobs, as many, are one of each source. For the writer's thread.
  std::size_t sources() const { return sources_; }
  // Whether a source waits that has no job in the last group. For the writer's thread; takes no lock.
  bool others_wait() const { return others_wait_.load(std::memory_order_relaxed); }

  std::size_t waiting();                           // jobs
  void fail_waiting(const Error& error) noexcept;  // ends all that wait
  void stop(const Error& error) noexcept;          // the same, and from now on every job that is submitted
  void close();                                    // `take` gives what is left, then false

 private:
  // The jobs of one source. An empty lane stays for a while, because a client that sends one request after the other
  // would otherwise cost an allocation each time.
  struct Lane {
    std::deque<std::unique_ptr<Job>> jobs = {};
    Lane* next = nullptr;          // in `turns_`
    std::uint64_t last_group = 0;  // the number of the last group with a job of this source
  };
  // Lanes that have jobs. The first one is served next, then it becomes the last.
  struct Turns {
    Lane* first = nullptr;
    Lane* last = nullptr;
    void append(Lane& lane);
    Lane& take_first();
  };

  // Takes the newest job of the source that has the most jobs, to make room for one of this source. Null: none gives
  // way.
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
