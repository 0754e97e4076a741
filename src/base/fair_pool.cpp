#include "base/fair_pool.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/log.hpp"

namespace integrity {
namespace {

// An exception that leaves the thread would end the process.
void call(const std::function<void()>& function) noexcept try { function(); } catch (const std::exception& error) {
  log::fault(error.what());
}

}  // namespace

FairPool::FairPool(const Options& options) : options_(options) {
  for (std::size_t i = 0; i < options.threads; ++i) threads_.emplace_back([this] { work(); });
}

FairPool::~FairPool() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
  for (Lane& lane : lanes_) {
    for (Waiting& waiting : lane.jobs) waiting.job.refuse();
  }
}

bool FairPool::submit(const std::string& client, Job job) {
  Job displaced;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return false;
    auto lane = std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& each) { return each.client == client; });
    if (!make_room(lane == lanes_.end() ? 0 : lane->held(), displaced)) return false;
    if (lane == lanes_.end()) lane = lanes_.insert(lanes_.end(), Lane{client});
    lane->jobs.push_back({std::move(job), options_.now()});
    ++queued_;
  }
  wake_.notify_one();
  if (displaced.refuse) displaced.refuse();
  return true;
}

bool FairPool::crowded_by(const std::string& client) {
  const std::scoped_lock lock(mutex_);
  std::size_t lanes = 0, own = 0;
  for (const Lane& lane : lanes_) {
    if (!lane.jobs.empty()) ++lanes;
    if (lane.client == client) own = lane.jobs.size();
  }
  return own > 1 && own * lanes >= queued_;
}

bool FairPool::make_room(std::size_t held, Job& displaced) {
  if (queued_ < room()) return true;
  const auto held_if_waiting = [](const Lane& each) { return each.jobs.empty() ? 0 : each.held(); };
  const auto most = std::max_element(lanes_.begin(), lanes_.end(), [&](const Lane& a, const Lane& b) {
    return held_if_waiting(a) < held_if_waiting(b);
  });
  // The other client keeps at least as many as this one gets. Otherwise two clients with equally many jobs would
  // displace each other's in turn.
  if (most != lanes_.end() && held_if_waiting(*most) > held + 1) {
    displaced = std::move(most->jobs.back().job);
    most->jobs.pop_back();
    --queued_;
    return true;
  }
  return held == 0 && queued_ < options_.queue_max;
}

// At least an eighth of `wait_max`: one job may take longer than all of it (bcrypt's cost goes up to 16). If then no
// job began, the pool would never learn that jobs are quick again.
std::chrono::nanoseconds FairPool::time_limit() const {
  // A tenth is left for jobs that take longer than the last ones did.
  return std::max<std::chrono::nanoseconds>(options_.wait_max - options_.wait_max / 10 - longest_time_,
                                            options_.wait_max / 8);
}

std::size_t FairPool::room() const {
  if (usual_time_.count() == 0) return options_.queue_max;
  const auto in_time = static_cast<std::size_t>(time_limit() * options_.threads / usual_time_);
  return std::clamp<std::size_t>(in_time, 1, options_.queue_max);
}

std::vector<FairPool::Job> FairPool::take_overdue(SteadyTime now) {
  std::vector<Job> overdue;
  for (auto lane = lanes_.begin(); lane != lanes_.end();) {
    const auto is_overdue = [&](const Waiting& first) {
      const auto waited = now - first.since;
      return lane->running == 0 ? waited >= options_.wait_max : waited > time_limit();
    };
    while (!lane->jobs.empty() && is_overdue(lane->jobs.front())) {
      overdue.push_back(std::move(lane->jobs.front().job));
      lane->jobs.pop_front();
      --queued_;
    }
    lane = lane->held() == 0 ? lanes_.erase(lane) : std::next(lane);
  }
  return overdue;
}

FairPool::Lanes::iterator FairPool::next_lane() {
  return std::find_if(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return !lane.jobs.empty(); });
}

FairPool::Job FairPool::take_from(Lanes::iterator lane) {
  Job job = std::move(lane->jobs.front().job);
  lane->jobs.pop_front();
  --queued_;
  ++lane->running;
  lanes_.splice(lanes_.end(), lanes_, lane);
  return job;
}

void FairPool::end_turn(Lanes::iterator lane) {
  --lane->running;
  lanes_.splice(lanes_.end(), lanes_, lane);
  if (lane->held() == 0) lanes_.erase(lane);
}

void FairPool::note_time(std::chrono::nanoseconds took) {
  if (usual_time_.count() == 0) usual_time_ = took;
  usual_time_ += (took - usual_time_) / 8;
  longest_time_ = std::max(took, longest_time_ - longest_time_ / 8);
}

void FairPool::work() {
  // Sets the value of this thread alone: on Linux a nice value belongs to the thread (setpriority(2), "C library/kernel
  // differences"). If it is not permitted, the pool works without.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), options_.nice);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || queued_ > 0; });
    if (stopping_) return;
    std::vector<Job> overdue;
    try {
      overdue = take_overdue(options_.now());
    } catch (const std::bad_alloc&) {  // they stay in their lanes until a thread takes them
    }
    const auto lane = next_lane();  // stays valid while its job runs
    const bool found = lane != lanes_.end();
    Job next = found ? take_from(lane) : Job{};
    lock.unlock();
    for (Job& job : overdue) call(job.refuse);
    const SteadyTime begun = options_.now();
    if (found) call(next.run);
    const auto took = options_.now() - begun;
    lock.lock();
    if (!found) continue;
    note_time(took);
    end_turn(lane);
  }
}

}  // namespace integrity
