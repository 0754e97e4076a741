// A thread pool for work that takes long (hashing a password, a search), so that the threads that serve requests never
// wait for it. It is bounded in length and in time, and fair between clients.
//
//   FairPool pool({.threads = 2});
//   if (!pool.submit({client, network}, {.run = …, .refuse = …})) …   // not taken: the caller answers 503 or 429
//
// Lanes. Each client, which is any name that the caller gives (an address, a user), has a lane: the queue of its jobs,
// the oldest first. The lanes stand in a line. A free thread takes one job of the first lane that has one waiting, and
// the lane goes to the end of the line; when that job has ended, the lane goes there again, so that clients who came
// meanwhile are served first. A lane without jobs is removed.
//
// Networks. The lanes belong to networks (a customer of a provider may have many addresses), and networks take turns in
// the same way: a free thread takes the first network with a job that waits, and of its lanes the first.
//
// Limits. bcrypt takes a quarter of a second, so a long queue would turn a flood of logins into an outage. The queue
// takes no more jobs than can begin in time, judged by how long the last ones took: between one, when jobs are slow,
// and `queue_max`.
//
// Who is refused, and when:
// - A job that finds the queue full, at once: `submit` returns false. But if another network holds at least two jobs
//   more than this client's network, the newest waiting job of its fullest lane is refused instead, and the new one is
//   taken. The same holds between the lanes of one network.
// - A client that has nothing in the pool finds the queue full only at `queue_max`. So nobody can keep others out.
// - A job is refused if, when a thread reaches it, it can no longer end within `wait_max`. Exception: the first job of
//   a client with none running may start until `wait_max` has passed.
// - Jobs still waiting when the pool is destroyed.
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

#include "base/metrics.hpp"

namespace integrity {

class FairPool {
 public:
  struct Job {
    std::function<void()> run;
    std::function<void()> refuse;  // instead of `run`: it waited too long or was displaced
  };

  struct Source {
    std::string client;
    std::string network;
  };

  // The defaults are for hashing. Other pools: app/serve.cpp.
  struct Options {
    std::size_t threads = 1;
    // Nice value of the threads. On a busy core Linux gives a thread of nice 10 a ninth of the time of one of nice 0: requests go
    // first, and yet jobs make progress, which the idle class would not guarantee.
    int nice = 10;
    std::size_t queue_max = 64;  // jobs waiting, of all clients; running ones are not counted
    // From `submit` to the expected end of the job, or to its beginning for the next job of a client that has none
    // running. 3 s is a choice: people who wait longer for a login send it again.
    std::chrono::milliseconds wait_max = std::chrono::seconds(3);
    std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  };
  explicit FairPool(const Options& options);
  ~FairPool();  // refuses what is queued, waits for what runs

  // False if the job is refused at once; then neither of its functions is called. Otherwise exactly one of them is.
  [[nodiscard]] bool submit(const Source& source, Job job);
  // True if that client has more than one job waiting, and at least an even share of all: it filled the queue itself.
  bool crowded_by(const Source& source);

  std::size_t waiting();                                     // jobs
  const DurationHistogram& waits() const { return waits_; }  // from `submit` to the beginning, of jobs that began

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Waiting {
    Job job;
    SteadyTime since;
  };
  struct Lane {
    std::string client;
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
    Lane* find(const std::string& client);
  };
  using Networks = std::list<Network>;
  struct Turn {
    Networks::iterator network;
    Lanes::iterator lane;
  };

  Network* find(const std::string& network);
  // True if the queue takes one more job of that source. `displaced` gets the job removed for that.
  bool make_room(const Source& source, Job& displaced);
  std::chrono::nanoseconds time_limit() const;  // how long a job may wait to begin
  std::size_t room() const;                     // how many jobs may wait
  void note_time(std::chrono::nanoseconds took);
  void work();
  std::vector<Job> take_overdue(SteadyTime now);
  std::optional<Turn> next_turn();
  Job take(Turn turn, SteadyTime now);
  void end_turn(Turn turn);

  const Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // With something queued or running, in the order in which they are served.
  Networks networks_;
  std::size_t queued_ = 0;
  // Of the last jobs: their mean, weighted as TCP smooths its round-trip time (RFC 6298), and a maximum that
  // decays by an eighth with each job. Zero before the first job.
  std::chrono::nanoseconds usual_time_{0};
  std::chrono::nanoseconds longest_time_{0};
  bool stopping_ = false;
  DurationHistogram waits_;
  std::vector<std::thread> threads_;
};

}  // namespace integrity
