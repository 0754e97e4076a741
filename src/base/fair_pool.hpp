// Threads for work that takes long (hashing a password, a search): apart from those that serve requests, bounded, fair.
//
//   FairPool pool({.threads = 2});
//   if (!pool.submit({address, network}, {.run = …, .refuse = …})) …   // the queue is full
//
// bcrypt takes a quarter of a second, so an unbounded queue would turn a flood of logins into an outage. The queue has a
// length, and takes no more than can end in time, judged by how long recent jobs took: a job that is refused is refused
// at once. When jobs are slow, the queue shrinks to one job.
//
// Networks take turns, so do the addresses inside a network, and none can shut out another:
// - When the queue is full, a new job displaces the newest job of the network that has most in the pool. Inside one network
//   it displaces that of the address that has most.
// - An address that has nothing in the pool, neither queued nor running, is admitted beyond the shrunk queue, up to
//   `queue_max`. The next job of an address that has none running may wait for all of `wait_max` before it begins.
// - An address whose job has just ended goes to the end of the line, and so does its network.
//
// A nice value lets reads go first, yet the work does not starve as an idle class would.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
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

  struct Source {
    std::string address;
    std::string network;  // of many addresses, as one customer of a provider may have them
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

  // False when the queue is full and nobody else has more in it; then neither function is called.
  [[nodiscard]] bool submit(const Source& source, Job job);
  // Whether that address has more than one job waiting and at least an even share of all: then a refusal is its own doing.
  bool crowded_by(const Source& source);

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
    std::size_t queued() const { return jobs.size(); }
    std::size_t held() const { return queued() + running; }
  };
  using Lanes = std::list<Lane>;
  struct Network {
    std::string name;
    Lanes lanes = {};
    std::size_t queued() const;
    std::size_t held() const;
    Lane* find(const std::string& address);
  };
  using Networks = std::list<Network>;
  struct Turn {
    Networks::iterator network;
    Lanes::iterator lane;
  };

  Network* find(const std::string& network);
  // Whether the queue takes one more job of that source. `displaced` gets the job that gave way.
  bool make_room(const Source& source, Job& displaced);
  std::chrono::nanoseconds time_limit() const;  // how long a job may wait to begin
  std::size_t room() const;                     // how many may wait
  void note_time(std::chrono::nanoseconds took);
  void work();
  std::vector<Job> take_overdue(SteadyTime now);
  std::optional<Turn> next_turn();
  Job take(Turn turn);
  void end_turn(Turn turn);

  const Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Of whom something is queued or running. The first one with something queued is served next, of its lanes again the first.
  Networks networks_;
  std::size_t queued_ = 0;
  std::chrono::nanoseconds usual_time_{0};    // of a job, of late: their mean
  std::chrono::nanoseconds longest_time_{0};  // of which each further job forgets an eighth
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace integrity
