// Threads for work that takes long (hashing a password, a search): apart from those that serve requests, bounded, fair.
//
//   FairPool pool({.threads = 2});
//   if (!pool.submit(address, {.run = …, .refuse = …})) …   // the queue is full
//
// bcrypt takes a quarter of a second, so an unbounded queue would turn a flood of logins into an outage. The queue has a
// length, and takes no more than can end in time, as long as jobs took of late: whoever is refused is told so at once.
// Addresses take turns. A full queue is the doing of whoever has most in it:
// another's job takes the place of the last of theirs, so one address cannot shut others out. A nice value lets reads go
// first, yet the work does not starve as an idle class would.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace integrity {

class FairPool {
 public:
  struct Job {
    std::function<void()> run;
    std::function<void()> refuse;  // instead of `run`, when it waited too long or gave way to another's
  };

  struct Options {
    std::size_t threads = 1;
    int nice = 10;
    std::size_t queue_max = 64;
    std::chrono::milliseconds wait_max = std::chrono::seconds(3);  // to the end of the job, where that is possible
    std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  };
  explicit FairPool(const Options& options);
  ~FairPool();  // refuses what is queued, waits for what runs

  // False when the queue is full and nobody has more in it; then neither function is called.
  [[nodiscard]] bool submit(const std::string& address, Job job);

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Waiting {
    Job job;
    Moment since;
  };
  struct Lane {
    std::string address;
    std::deque<Waiting> jobs;
  };

  // Makes room for one more of an address that has `held`: the newest job of whoever has most, or none.
  Job displace(std::size_t held);
  std::chrono::nanoseconds patience() const;  // how long a job may wait to begin
  std::size_t room() const;                   // how many may wait
  void note_time(std::chrono::nanoseconds took);
  void work();
  std::vector<Job> take_overdue(Moment now);
  Job take_next();

  const Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Lane> lanes_;  // none is empty; the front one is served next, then goes to the back
  std::size_t queued_ = 0;
  std::chrono::nanoseconds usual_time_{0};    // of a job, of late: their mean
  std::chrono::nanoseconds longest_time_{0};  // of which each further job forgets an eighth
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace integrity
