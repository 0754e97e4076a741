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

// A job that throws must not end the thread, and with it the process.
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

bool FairPool::submit(const std::string& address, Job job) {
  Job displaced;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return false;
    auto lane = std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& each) { return each.address == address; });
    if (!make_room(lane == lanes_.end() ? 0 : lane->held(), displaced)) return false;
    if (lane == lanes_.end()) lane = lanes_.insert(lanes_.end(), Lane{address});
    lane->jobs.push_back({std::move(job), options_.now()});
    ++queued_;
  }
  wake_.notify_one();
  if (displaced.refuse) displaced.refuse();
  return true;
}

bool FairPool::crowded_by(const std::string& address) {
  const std::scoped_lock lock(mutex_);
  std::size_t lanes = 0, own = 0;
  for (const Lane& lane : lanes_) {
    if (!lane.jobs.empty()) ++lanes;
    if (lane.address == address) own = lane.jobs.size();
  }
  return own > 1 && own * lanes >= queued_;
}

bool FairPool::make_room(std::size_t held, Job& displaced) {
  if (queued_ < room()) return true;
  const auto queued_most = [](const Lane& each) { return each.jobs.empty() ? 0 : each.held(); };
  const auto most = std::max_element(lanes_.begin(), lanes_.end(),
                                     [&](const Lane& a, const Lane& b) { return queued_most(a) < queued_most(b); });
  // Only of an address that still has as much as the newcomer gets: two with equally much must not push each other out
  // by turns.
  if (most != lanes_.end() && queued_most(*most) > held + 1) {
    displaced = std::move(most->jobs.back().job);
    most->jobs.pop_back();
    --queued_;
    return true;
  }
  return held == 0 && queued_ < options_.queue_max;
}

// An eighth at least: jobs may take longer than anybody should have to wait (bcrypt's cost goes up to 16), and if none
// began, none would tell when they are quick again.
std::chrono::nanoseconds FairPool::time_limit() const {
  // A tenth is for what takes longer than it did of late.
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

// Whoever came while the job ran goes first now.
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
  // Of this thread alone: on Linux a nice value belongs to the thread (setpriority(2), "C library/kernel
  // differences"). Without the right to it the pool works all the same.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), options_.nice);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || queued_ > 0; });
    if (stopping_) return;
    std::vector<Job> overdue;
    try {
      overdue = take_overdue(options_.now());
    } catch (const std::bad_alloc&) {  // they stay, and their turn comes
    }
    const auto lane = next_lane();  // stays where it is while its job runs
    const bool any = lane != lanes_.end();
    Job next = any ? take_from(lane) : Job{};
    lock.unlock();
    for (Job& job : overdue) call(job.refuse);
    const SteadyTime begun = options_.now();
    if (any) call(next.run);
    const auto took = options_.now() - begun;
    lock.lock();
    if (!any) continue;
    note_time(took);
    end_turn(lane);
  }
}

}  // namespace integrity
