#include "base/fair_pool.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <numeric>
#include <utility>

#include "base/log.hpp"

namespace integrity {
namespace {

// An exception that leaves the thread would end the process.
void call(const std::function<void()>& function) noexcept try { function(); } catch (const std::exception& error) {
  log::fault(error.what());
}

// Of those that have something queued, the first one that holds most; null: none.
template <class Iterator>
auto* largest_holder(Iterator each, Iterator end) {
  decltype(&*each) most = nullptr;
  std::size_t most_held = 0;
  for (; each != end; ++each) {
    const std::size_t held = each->held();
    if (each->queued() == 0 || held <= most_held) continue;
    most = &*each;
    most_held = held;
  }
  return most;
}

template <class Each>
std::size_t held_by(const Each* each) {
  return each == nullptr ? 0 : each->held();
}

template <class Each>
void move_to_end(std::list<Each>& all, typename std::list<Each>::iterator each) {
  all.splice(all.end(), all, each);
}

}  // namespace

std::size_t FairPool::Network::queued() const {
  return std::accumulate(lanes.begin(), lanes.end(), std::size_t{0},
                         [](std::size_t sum, const Lane& lane) { return sum + lane.queued(); });
}

std::size_t FairPool::Network::held() const {
  return std::accumulate(lanes.begin(), lanes.end(), std::size_t{0},
                         [](std::size_t sum, const Lane& lane) { return sum + lane.held(); });
}

FairPool::Lane* FairPool::Network::find(const std::string& client) {
  const auto lane = std::find_if(lanes.begin(), lanes.end(), [&](const Lane& each) { return each.client == client; });
  return lane == lanes.end() ? nullptr : &*lane;
}

FairPool::Network* FairPool::find(const std::string& network) {
  const auto found =
      std::find_if(networks_.begin(), networks_.end(), [&](const Network& each) { return each.name == network; });
  return found == networks_.end() ? nullptr : &*found;
}

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
  for (Network& network : networks_) {
    for (Lane& lane : network.lanes) {
      for (Waiting& waiting : lane.jobs) waiting.job.refuse();
    }
  }
}

bool FairPool::submit(const Source& source, Job job) {
  Job displaced;
  try {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || !make_room(source, displaced)) return false;
    Network* network = find(source.network);
    if (network == nullptr) network = &networks_.emplace_back(Network{source.network});
    Lane* lane = network->find(source.client);
    if (lane == nullptr) lane = &network->lanes.emplace_back(Lane{source.client});
    lane->jobs.push_back({std::move(job), options_.now()});
    ++queued_;
  } catch (const std::bad_alloc&) {
    if (displaced.refuse) displaced.refuse();
    throw;
  }
  wake_.notify_one();
  if (displaced.refuse) displaced.refuse();
  return true;
}

bool FairPool::crowded_by(const Source& source) {
  const std::scoped_lock lock(mutex_);
  std::size_t lanes = 0, own = 0;
  for (const Network& network : networks_) {
    for (const Lane& lane : network.lanes) {
      if (lane.queued() > 0) ++lanes;
      if (lane.client == source.client) own = lane.queued();
    }
  }
  return own > 1 && own * lanes >= queued_;
}

std::size_t FairPool::waiting() {
  const std::scoped_lock lock(mutex_);
  return queued_;
}

bool FairPool::make_room(const Source& source, Job& displaced) {
  if (queued_ < room()) return true;
  Network* const own = find(source.network);
  const Lane* const lane = own == nullptr ? nullptr : own->find(source.client);
  // Displace only from a client that afterwards still holds at least as many as the newcomer: two with equally many
  // must not displace each other in turn.
  // Networks first: otherwise a hundred addresses with one job each would displace one address with two.
  Network* const largest = largest_holder(networks_.begin(), networks_.end());
  Lane* most = nullptr;  // among equals the last in line
  if (largest != nullptr && largest->held() > held_by(own) + 1) {
    most = largest_holder(largest->lanes.rbegin(), largest->lanes.rend());
  } else if (own != nullptr) {
    most = largest_holder(own->lanes.rbegin(), own->lanes.rend());
    if (held_by(most) <= held_by(lane) + 1) most = nullptr;
  }
  if (most == nullptr) return held_by(lane) == 0 && queued_ < options_.queue_max;
  displaced = std::move(most->jobs.back().job);
  most->jobs.pop_back();
  --queued_;
  return true;
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
  overdue.reserve(queued_);  // throws before anything is taken
  for (Network& network : networks_) {
    for (Lane& lane : network.lanes) {
      const auto is_overdue = [&](const Waiting& first) {
        const auto waited = now - first.since;
        return lane.running == 0 ? waited >= options_.wait_max : waited > time_limit();
      };
      while (!lane.jobs.empty() && is_overdue(lane.jobs.front())) {
        overdue.push_back(std::move(lane.jobs.front().job));
        lane.jobs.pop_front();
        --queued_;
      }
    }
    network.lanes.remove_if([](const Lane& lane) { return lane.held() == 0; });
  }
  networks_.remove_if([](const Network& network) { return network.lanes.empty(); });
  return overdue;
}

std::optional<FairPool::Turn> FairPool::next_turn() {
  for (auto network = networks_.begin(); network != networks_.end(); ++network) {
    auto& lanes = network->lanes;
    const auto lane = std::find_if(lanes.begin(), lanes.end(), [](const Lane& each) { return each.queued() > 0; });
    if (lane != lanes.end()) return Turn{network, lane};
  }
  return {};
}

FairPool::Job FairPool::take(Turn turn, SteadyTime now) {
  waits_.add(now - turn.lane->jobs.front().since);
  Job job = std::move(turn.lane->jobs.front().job);
  turn.lane->jobs.pop_front();
  --queued_;
  ++turn.lane->running;
  move_to_end(turn.network->lanes, turn.lane);
  move_to_end(networks_, turn.network);
  return job;
}

// Moved to the end again, so clients that arrived meanwhile go first.
void FairPool::end_turn(Turn turn) {
  --turn.lane->running;
  move_to_end(turn.network->lanes, turn.lane);
  move_to_end(networks_, turn.network);
  if (turn.lane->held() == 0) turn.network->lanes.erase(turn.lane);
  if (turn.network->lanes.empty()) networks_.erase(turn.network);
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
    const SteadyTime now = options_.now();
    try {
      overdue = take_overdue(now);
    } catch (const std::bad_alloc&) {  // they stay in their lanes until a thread takes them
    }
    const auto turn = next_turn();  // its lane and network stay in memory while its job runs
    Job next = turn ? take(*turn, now) : Job{};
    lock.unlock();
    for (Job& job : overdue) call(job.refuse);
    const SteadyTime begun = options_.now();
    if (turn) call(next.run);
    const auto took = options_.now() - begun;
    lock.lock();
    if (!turn) continue;
    note_time(took);
    end_turn(*turn);
  }
}

}  // namespace integrity
