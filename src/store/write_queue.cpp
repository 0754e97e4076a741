#include "store/write_queue.hpp"

#include <utility>

#include "base/wake_ups.hpp"

namespace integrity::store {
namespace {

constexpr std::size_t kLanesKept = 1024;  // some 700 bytes each

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

void WriteQueue::submit(std::unique_ptr<Job> job) {
  std::unique_ptr<Job> refused;
  Status refusal;
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      refusal = *stopped_;
      refused = std::move(job);
    } else if (jobs_ >= jobs_max_) {
      refusal = overloaded();
      refused = displace_for(job->origin().source);
      if (!refused) refused = std::move(job);
    }
    if (job) {
      Lane& lane = lanes_[job->origin().source];
      if (lane.jobs.empty()) turns_.append(lane);
      lane.jobs.push_back(std::move(job));
      ++jobs_;
      if (lane.last_group != group_) others_wait_.store(true, std::memory_order_relaxed);
      wake = std::exchange(sleeping_, false);
    }
  }
  if (wake) WakeUps::at_end([this] { wake_.notify_one(); });
  if (refused) refused->done(std::move(refusal));
}

// Only of a source that still has more than the newcomer's then: two with equally many must not displace each other's
// jobs by turns. So a lane that gives way never becomes empty.
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

void WriteQueue::give_back(std::span<std::unique_ptr<Job>> jobs) {
  const std::lock_guard lock(mutex_);
  for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) {
    Lane& lane = lanes_[(*job)->origin().source];
    if (lane.jobs.empty()) turns_.append(lane);
    lane.jobs.push_front(std::move(*job));
    ++jobs_;
  }
}

void WriteQueue::fail_waiting(const Error& error) {
  fail(std::unique_lock(mutex_), error);
}

void WriteQueue::stop(const Error& error) {
  std::unique_lock lock(mutex_);
  stopped_ = error;
  fail(std::move(lock), error);
}

void WriteQueue::fail(std::unique_lock<std::mutex> lock, const Error& error) {
  const auto lanes = std::exchange(lanes_, {});
  turns_ = {};
  jobs_ = 0;
  others_wait_.store(false, std::memory_order_relaxed);
  lock.unlock();
  for (const auto& [source, lane] : lanes) {
    for (const auto& job : lane.jobs) job->done(error);
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
