#include "auth/hash_pool.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace integrity::auth {
namespace {

constexpr int kNice = 10;

}  // namespace

HashPool::HashPool(std::size_t threads, std::size_t queue_max, std::chrono::milliseconds wait_max)
    : queue_max_(queue_max), wait_max_(wait_max) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

HashPool::~HashPool() {
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

bool HashPool::submit(const std::string& address, Job job) {
  {
    const std::scoped_lock lock(mutex_);
    if (queued_ >= queue_max_ || stopping_) return false;
    auto lane = std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& each) { return each.address == address; });
    if (lane == lanes_.end()) lane = lanes_.insert(lanes_.end(), Lane{address, {}});
    lane->jobs.push_back({std::move(job), std::chrono::steady_clock::now()});
    ++queued_;
  }
  wake_.notify_one();
  return true;
}

std::vector<HashPool::Job> HashPool::take_overdue(Moment now) {
  std::vector<Job> overdue;
  for (auto lane = lanes_.begin(); lane != lanes_.end();) {
    while (!lane->jobs.empty() && now - lane->jobs.front().since > wait_max_) {
      overdue.push_back(std::move(lane->jobs.front().job));
      lane->jobs.pop_front();
      --queued_;
    }
    lane = lane->jobs.empty() ? lanes_.erase(lane) : std::next(lane);
  }
  return overdue;
}

HashPool::Job HashPool::take_next() {
  auto lane = lanes_.begin();
  Job job = std::move(lane->jobs.front().job);
  lane->jobs.pop_front();
  --queued_;
  if (lane->jobs.empty()) {
    lanes_.erase(lane);
  } else {
    lanes_.splice(lanes_.end(), lanes_, lane);
  }
  return job;
}

void HashPool::work() {
  // Of this thread alone: on Linux a nice value belongs to the thread (setpriority(2), "C library/kernel
  // differences"). Without the right to it the pool works all the same.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || queued_ > 0; });
    if (stopping_) return;
    auto overdue = take_overdue(std::chrono::steady_clock::now());
    Job next = queued_ > 0 ? take_next() : Job{};
    lock.unlock();
    for (Job& job : overdue) job.refuse();
    if (next.run) next.run();
    lock.lock();
  }
}

}  // namespace integrity::auth
