#include "store/mongo/writer.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "store/refusals.hpp"

namespace integrity::store::mongo {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Large enough that many jobs share the round trips and the commit, small enough that none waits long for others.
constexpr std::size_t kGroupMax = 256;

// Of documents. A transaction stays in the server's cache until its commit, with an index entry for each word of a
// product.
constexpr std::size_t kGroupBytes = std::size_t{1} << 20;

// On a node far from the primary each round trip is long, and while a group has the writer lock all other nodes wait.
constexpr milliseconds kGroupTime{250};
constexpr milliseconds kSharedGroupTime{25};  // after each source had a turn, while another source waits

constexpr milliseconds kPause{50};                         // before the next attempt to reach a primary
constexpr std::chrono::microseconds kConflictPause{1000};  // up to five times as long

// A node that has the writer lock for so long and is idle has stopped (SIGSTOP, a host that hangs). It would keep the
// lock for a minute, until the server ends its transaction.
constexpr std::chrono::seconds kStopped{4};
constexpr milliseconds kCheckAgain{250};  // for a node that has not had the lock for so long yet

Error out_of_reach(const Trouble& trouble) {
  Error error = unavailable(trouble.what());
  error.detail = trouble.kind == Kind::conflict
                     ? "other writes keep conflicting with this one; nothing was changed. Try again shortly"
                     : "the store cannot be reached; nothing was changed. Try again shortly";
  return error;
}

Error closed_meanwhile(const Closed& closed) {
  Error error = unavailable(closed.what());
  error.detail = closed.detail;
  return error;
}

Error perhaps_written() {
  Error error = unavailable("the outcome of a commit is not known");
  error.detail =
      "the store did not say whether this was written. Check before sending it again, or send it again under the same"
      " Idempotency-Key";
  return error;
}

}  // namespace

Writer::Writer(Pool& pool, const Clock& clock, const model::ProductText& text, Options options, Meters& meters)
    : options_(options), meters_(meters), tx_(pool, clock, text), queue_(options.queue_max) {
  group_.reserve(kGroupMax);  // now: a later failure to allocate would end the thread
  answers_.reserve(kGroupMax);
  thread_ = std::thread([this] { loop(); });
}

Writer::~Writer() {
  queue_.close();
  thread_.join();
}

void Writer::loop() {
  const std::size_t most = options_.run_writes_twice ? 1 : kGroupMax;
  while (queue_.take(group_, most)) {
    write_group();
    group_.clear();
  }
}

// Afterwards each job of the group has its answer or is in the queue again.
void Writer::write_group() noexcept {
  answered_ = 0;
  try {
    return write_parts();
  } catch (const Trouble& trouble) {
    // The jobs in the queue have waited for this group, and would wait as long again.
    const Error error = error_of([&] { return out_of_reach(trouble); });
    give_up(error);
    queue_.fail_waiting(error);
  } catch (const Closed& closed) {
    give_up(error_of([&] { return closed_meanwhile(closed); }));
  } catch (...) {
    give_up(fault_of_exception());
  }
  tx_.abort();  // after the answers, for it may take time
  tx_.forget_connection();
}

// Nearly always one part. MongoDB has no savepoints: where a job must leave no trace but has written, the jobs before
// it are committed without it. Then it runs as the first of the rest, where undoing it undoes nothing else. So no job
// runs more than three times because of its neighbours, and all keep their order.
void Writer::write_parts() {
  answers_.assign(group_.size(), Status());
  auto deadline = steady_clock::now() + options_.time_limit;
  std::size_t most = group_.size();
  const auto from = [&](std::size_t begin) { return Part{begin, std::min(begin + most, group_.size())}; };
  for (Part part = from(0); part.begin < group_.size();) {
    switch (write(part, deadline)) {
      case Outcome::committed:
        answer(part.end);
        if (queue_.others_wait()) return queue_.give_back(std::span(group_).subspan(part.end));
        part = from(part.end);
        deadline = steady_clock::now() + options_.time_limit;
        break;
      case Outcome::stopped:
        if (stopped_at_ > part.begin) {
          part.end = stopped_at_;
        } else {
          answer(part.begin + 1);
          part = from(part.begin + 1);
        }
        break;
      case Outcome::too_much:
        most = (part.end - part.begin + 1) / 2;
        part = from(part.begin);
        break;
      case Outcome::broken:
        part.end = part.begin + (part.end - part.begin + 1) / 2;
        break;
      case Outcome::unknown:
        fail(part.end, error_of(perhaps_written));
        throw Trouble(Kind::away, "the outcome of a commit is not known");
    }
  }
}

// Tries again until the deadline, as long as it is certain that nothing was committed; then throws the Trouble. Makes
// the part shorter where it is too long for one transaction.
Writer::Outcome Writer::write(Part& part, SteadyTime deadline) {
  auto stopped_at = steady_clock::now() + kStopped;
  for (;;) {
    try {
      if (options_.run_writes_twice) rehearse(part);
      const Outcome outcome = attempt(part, deadline);
      if (outcome != Outcome::committed) tx_.abort();
      return outcome;
    } catch (const Trouble& trouble) {
      // With the writer lock there is no other writer: the server's cache had no room for the whole part.
      const bool too_much = trouble.kind == Kind::conflict && tx_.has_writer_lock() && part.end - part.begin > 1;
      if (!too_much && steady_clock::now() >= deadline) throw;  // write_group aborts, after the answers
      tx_.abort();
      if (trouble.kind != Kind::conflict) tx_.forget_connection();
      if (too_much) return Outcome::too_much;
      if (trouble.kind == Kind::conflict && steady_clock::now() >= stopped_at) {
        tx_.end_stopped_transactions(kStopped);
        stopped_at = steady_clock::now() + kCheckAgain;
      }
      back_off(trouble);
    }
  }
}

void Writer::begin(Part part) {
  std::vector<SessionId> sessions;
  std::vector<model::Digest> keys;
  for (std::size_t i = part.begin; i < part.end; ++i) {
    const Origin& origin = group_[i]->origin();
    if (origin.session) sessions.push_back(*origin.session);
    if (origin.key) keys.push_back(*origin.key);
  }
  tx_.begin_group(std::move(sessions), std::move(keys));
}

void Writer::rehearse(Part part) {
  begin(part);
  for (std::size_t i = part.begin; i < part.end; ++i) {
    tx_.begin_job();
    run(i);
  }
  tx_.abort();
}

Writer::Outcome Writer::attempt(Part& part, SteadyTime deadline) {
  const auto begun = steady_clock::now();
  begin(part);
  bool stays = false;
  for (std::size_t i = part.begin; i < part.end; ++i) {
    tx_.begin_job();
    const Ran ran = run(i);
    if (ran == Ran::to_be_undone) {
      stopped_at_ = i;
      return Outcome::stopped;
    }
    stays = stays || ran == Ran::stays;
    const bool in_the_way = i + 1 >= queue_.sources() && queue_.others_wait();
    const auto time_max = in_the_way ? kSharedGroupTime : kGroupTime;
    const bool enough = tx_.bytes() > kGroupBytes || steady_clock::now() - begun > time_max;
    if (enough) part.end = i + 1;  // the next part has the others
  }
  if (!stays) {  // refusals need no majority
    tx_.abort();
    return Outcome::committed;
  }
  try {
    tx_.end_group();
  } catch (const Broken&) {
    if (part.end - part.begin > 1) return Outcome::broken;
    answers_[part.begin] = fault_of_exception();
    stopped_at_ = part.begin;
    return Outcome::stopped;
  }
  return commit(part.end - part.begin, deadline);
}

// A job that only read is committed too: it may have read a write of another node that a majority does not have yet.
Writer::Ran Writer::run(std::size_t index) {
  answers_[index] = Status();
  try {
    if (run_job(*group_[index], tx_, answers_[index])) return Ran::stays;
  } catch (const Trouble&) {
    throw;
  } catch (const Closed&) {
    throw;
  } catch (const Broken&) {  // after which the server has ended the transaction
    answers_[index] = fault_of_exception();
    return Ran::to_be_undone;
  } catch (...) {
    answers_[index] = fault_of_exception();
  }
  return tx_.job_wrote() ? Ran::to_be_undone : Ran::left_nothing;
}

// Where the response to a commit is lost, only the commit is sent again: the server knows whether it happened. Running
// the group again could do everything twice.
Writer::Outcome Writer::commit(std::size_t writes, SteadyTime deadline) {
  const auto begun = steady_clock::now();
  for (;;) {
    if (tx_.commit()) {
      meters_.add_group(writes, steady_clock::now() - begun, tx_.recorded());
      return Outcome::committed;
    }
    if (steady_clock::now() >= deadline) break;
    std::this_thread::sleep_for(kPause);
  }
  log::event("store.commit.unknown");
  tx_.forget_connection();
  return Outcome::unknown;
}

// Two nodes with a conflict would have another one if both waited equally long.
void Writer::back_off(const Trouble& trouble) {
  if (trouble.kind != Kind::conflict) return std::this_thread::sleep_for(kPause);
  std::array<std::uint8_t, 1> chance;
  random_.fill(chance);
  std::this_thread::sleep_for(kConflictPause + kConflictPause * chance[0] / 64);
}

void Writer::answer(std::size_t end) noexcept {
  for (; answered_ < end; ++answered_) group_[answered_]->done(std::move(answers_[answered_]));
}

void Writer::fail(std::size_t end, const Error& error) noexcept {
  for (; answered_ < end; ++answered_) refuse(*group_[answered_], error);
}

void Writer::give_up(const Error& error) noexcept {
  fail(group_.size(), error);
  meters_.errors.add();
  log::event("store.refused", {{"cause", error.cause}});
}

}  // namespace integrity::store::mongo
