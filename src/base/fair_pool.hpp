// Threads for work that takes long (hashing a password, a search): apart from those that serve requests, bounded, fair.
//
//   FairPool pool({.threads = 2});
//   if (!pool.submit(address, {.run = …, .refuse = …})) …   // the queue is full
//
// bcrypt takes a quarter of a second, so an unbounded queue would turn a flood of logins into an outage. The queue has a
// length, and takes no more than can end in time, judged by how long recent jobs took: a job that is refused is refused
// at once. When jobs are slow, the queue shrinks to one job.
//
// Addresses take turns, and one address cannot shut out another:
// - When the queue is full, a new job displaces the newest job of the address that has most in the pool.
// - An address that has nothing in the pool, neither queued nor running, is admitted beyond the shrunk queue, up to
//   `queue_max`. The next job of an address that has none running may wait for all of `wait_max` before it begins.
// - An address whose job has just ended goes to the end of the line.
//
// A nice value lets reads go first, yet the work does not starve as an idle class would.
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
    std::chrono::milliseconds wait_max =
        std::chrono::seconds(3);  // to the end of the job where possible, else to its begin
    std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  };
  explicit FairPool(const Options& options);
  ~FairPool();  // refuses what is queued, waits for what runs

  // False when the queue is full and no other address has more in it; then neither function is called.
  [[nodiscard]] bool submit(const std::string& address, Job job);
  // Whether that address has more than one job waiting and at least an even share of all: then a refusal is its own doing.
  bool crowded_by(const std::string& address);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Waiting {
    Job job;
    SteadyTime since;
  };
  struct Lane {
    std::string address;
    std::deque<Waiting> jobs = {};
    std::size_t running = 0;
    std::size_t held() const { return jobs.size() + running; }
  };
  using Lanes = std::list<Lane>;

  // Whether the queue takes one more job of an address that has `held` in the pool. `displaced` gets the job that gave way.
  bool make_room(std::size_t held, Job& displaced);
  std::chrono::nanoseconds time_limit() const;  // how long a job may wait to begin
  std::size_t room() const;                     // how many may wait
  void note_time(std::chrono::nanoseconds took);
  void work();
  std::vector<Job> take_overdue(SteadyTime now);
  Lanes::iterator next_lane();
  Job take_from(Lanes::iterator lane);
  void end_turn(Lanes::iterator lane);

  const Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Lanes lanes_;  // of addresses with something queued or running; the first one with something queued is served next
  std::size_t queued_ = 0;
  std::chrono::nanoseconds usual_time_{0};    // of a job, of late: their mean
  std::chrono::nanoseconds longest_time_{0};  // of which each further job forgets an eighth
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace integrity
