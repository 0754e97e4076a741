// The threads that hash passwords: apart from everything else, bounded, fair.
//
// bcrypt takes a quarter of a second, so an unbounded queue would turn a flood of logins into an outage. The queue
// takes 64 jobs, none waits longer than 3 s, and addresses take turns, so one address cannot crowd out others.
// Threads run at nice 10: reads go first, yet hashing does not starve as an idle class would.
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

namespace integrity::auth {

class HashPool {
 public:
  struct Job {
    std::function<void()> run;
    std::function<void()> refuse;  // instead of `run`, when it waited too long
  };

  explicit HashPool(std::size_t threads, std::size_t queue_max = 64,
                    std::chrono::milliseconds wait_max = std::chrono::seconds(3));
  ~HashPool();  // refuses what is queued, waits for what runs

  // False when the queue is full; then neither function is called.
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

  void work();
  std::vector<Job> take_overdue(Moment now);
  Job take_next();

  std::size_t queue_max_;
  std::chrono::milliseconds wait_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Lane> lanes_;  // the front one is served next, then goes to the back
  std::size_t queued_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace integrity::auth
