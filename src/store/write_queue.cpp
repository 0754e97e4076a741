#include "store/write_queue.hpp"

#include <utility>

#include "base/wake_ups.hpp"
#include "store/refusals.hpp"

namespace integrity::store {
namespace {

constexpr std::size_t kLanesKept = 1024;  // about 700 bytes each

}  // namespace

void WriteQueue::Turns::append(Lane& lane) {
  lane.next = nullptr;
  (first == nullptr ? first : last->next) = &lane;
  last = &lane;
}

WriteQueue::Lane& WriteQueue::Turns::take_first() {
  Lane& lane = *first;
  first = lane.next;
  return lane;
}

void WriteQueue::submit(std::unique_ptr<Job> job) noexcept {
  std::unique_ptr<Job> displaced;
  std::optional<Error> refusal;  // of `job`
  bool wake = false;
  try {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      refusal = *stopped_;
    } else if (jobs_ >= jobs_max_ && !(displaced = displace_for(job->origin().source))) {
      refusal = overloaded();
    } else {
      Lane& lane = lanes_[job->origin().source];
      lane.jobs.push_back(std::move(job));
      if (lane.jobs.size() == 1) turns_.append(lane);
      ++jobs_;
      if (lane.last_group != group_) others_wait_.store(true, std::memory_order_relaxed);
      wake = std::exchange(sleeping_, false);
    }
  } catch (const std::bad_alloc&) {
    refusal = out_of_memory();
  }
  if (wake) WakeUps::at_end([this] { wake_.notify_one(); });
  if (displaced) displaced->done(error_of(overloaded));
  if (refusal) job->done(std::move(*refusal));
}

// Only from a source that afterwards still has more jobs than `source` had: otherwise two sources with equally many
// would displace each other's jobs in turn. So a lane that gives way never becomes empty.
std::unique_ptr<Job> WriteQueue::displace_for(const std::string& source) {
  const auto own = lanes_.find(source);
  const std::size_t held = own == lanes_.end() ? 0 : own->second.jobs.size();
  Lane* longest = nullptr;
  for (Lane* lane = turns_.first; lane != nullptr; lane = lane->next) {
    if (longest == nullptr || lane->jobs.size() > longest->jobs.size()) longest = lane;
  }
  if (longest == nullptr || longest->jobs.size() <= held + 1) return {};
  auto job = std::move(longest->jobs.back());
  longest->jobs.pop_back();
  --jobs_;
  return job;
}

bool WriteQueue::take(Group& group, std::size_t most, std::optional<std::chrono::milliseconds> wait_max) {
  group.reserve(most);  // nothing after this needs memory
  std::unique_lock lock(mutex_);
  const auto until = std::chrono::steady_clock::now() + wait_max.value_or(std::chrono::milliseconds(0));
  while (jobs_ == 0 && !closed_) {
    sleeping_ = true;
    if (!wait_max) {
      wake_.wait(lock);
    } else if (wake_.wait_until(lock, until) == std::cv_status::timeout) {
      break;
    }
  }
  sleeping_ = false;
  ++group_;
  sources_ = 0;
  while (jobs_ > 0 && group.size() < most) {
    Lane& lane = turns_.take_first();
    if (std::exchange(lane.last_group, group_) != group_) ++sources_;
    group.push_back(std::move(lane.jobs.front()));
    lane.jobs.pop_front();
    --jobs_;
    if (!lane.jobs.empty()) {
      turns_.append(lane);
    } else if (lanes_.size() > kLanesKept) {
      lanes_.erase(group.back()->origin().source);
    }
  }
  others_wait_.store(jobs_ > 0 && turns_.first->last_group != group_, std::memory_order_relaxed);
  return !group.empty() || !closed_;
}

void WriteQueue::give_back(std::span<std::unique_ptr<Job>> jobs) noexcept {
  const std::lock_guard lock(mutex_);
  for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) {
    try {
      Lane& lane = lanes_[(*job)->origin().source];
      lane.jobs.push_front(std::move(*job));
      if (lane.jobs.size() == 1) turns_.append(lane);
      ++jobs_;
    } catch (const std::bad_alloc&) {
      (*job)->done(out_of_memory());
    }
  }
}

std::size_t WriteQueue::waiting() {
  const std::lock_guard lock(mutex_);
  return jobs_;
}

void WriteQueue::fail_waiting(const Error& error) noexcept {
  fail(std::unique_lock(mutex_), error);
}

void WriteQueue::stop(const Error& error) noexcept {
  std::unique_lock lock(mutex_);
  stopped_ = error_of([&] { return error; });
  fail(std::move(lock), error);
}

void WriteQueue::fail(std::unique_lock<std::mutex> lock, const Error& error) noexcept {
  const auto lanes = std::exchange(lanes_, {});
  turns_ = {};
  jobs_ = 0;
  others_wait_.store(false, std::memory_order_relaxed);
  lock.unlock();
  for (const auto& [source, lane] : lanes) {
    for (const auto& job : lane.jobs) refuse(*job, error);
  }
}

void WriteQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake_.notify_one();
}

}  // namespace integrity::store
