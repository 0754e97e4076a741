// A write as an engine gets it: what to run, who asked for it, and who gets the result.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/waiter.hpp"
#include "model/user.hpp"

namespace integrity::store {

class WriteTx;

// How old a request may be when its write begins. Measured by CLOCK_MONOTONIC, which goes on while a process is
// stopped.
inline constexpr std::chrono::seconds request_age_max{10};

// Who asked for a write. The default is the program itself: its writes never expire.
struct Origin {
  // Whose share of the queue the write takes: a user, or the address of a client. Any text that is the same for the
  // same source; up to 15 bytes need no allocation.
  std::string source = {};
  // When the whole request had arrived.
  std::optional<std::chrono::steady_clock::time_point> begun = {};
  // The client that waits for the response. Nothing is written for a client that has gone.
  std::shared_ptr<const Waiter> waiter = {};
  // The session of the request. Nothing is written for a session that has ended.
  std::optional<SessionId> session = {};
  // The hash of the key of the request. Nothing is written for a key that was revoked or whose owner was disabled.
  std::optional<model::Digest> key = {};
  // What the role of the session's or key's user must still allow.
  std::optional<model::Scope> scope = {};
};

class Job {
 public:
  explicit Job(Origin origin = {}) : origin_(std::move(origin)) {}
  virtual ~Job() = default;
  const Origin& origin() const { return origin_; }

  // The engine calls `run` any number of times (through run_job below), then `done` once.
  virtual Status run(WriteTx& tx) = 0;
  // Called when the commit is durable, or when it is certain that there will be none: on a thread of the engine, or
  // inside `submit` where the queue did not take the job. Must be quick and must not wait for the store. `commit` is an
  // error where nothing of the job was committed: the result of the last `run` does not count then.
  virtual void done(Status commit) noexcept = 0;

 private:
  const Origin origin_;
};

// For engines: runs the job inside a transaction, unless its origin forbids it to begin now. Engines use it for every
// run: a repeated transaction may come much later than the first. True where the job's writes are to stay. Otherwise
// `refusal` is an error where the job did not begin, and unchanged where the job itself refused.
bool run_job(Job& job, WriteTx& tx, Status& refusal);

// Ends the job with a copy of the error, or with `out_of_memory` (refusals.hpp) where there is no memory for one.
void refuse(Job& job, const Error& error) noexcept;

template <class T>
using WriteFunction = std::function<Result<T>(WriteTx&)>;

// Adapts a closure and a completion to Job. `completion` gets the closure's result, or the commit's error.
template <class T, class Completion>
class ClosureJob final : public Job {
 public:
  ClosureJob(Origin origin, WriteFunction<T> function, Completion completion)
      : Job(std::move(origin)), function_(std::move(function)), completion_(std::move(completion)) {}

  Status run(WriteTx& tx) override {
    result_.emplace(function_(tx));
    if (result_->has_value()) return {};
    return result_->error();
  }
  void done(Status commit) noexcept override {
    if (!commit.has_value()) {
      completion_(Result<T>(std::move(commit).error()));
    } else {
      completion_(std::move(*result_));
    }
  }

 private:
  WriteFunction<T> function_;
  Completion completion_;
  std::optional<Result<T>> result_;
};

template <class T, class Completion>
std::unique_ptr<Job> make_job(Origin origin, WriteFunction<T> function, Completion completion) {
  return std::make_unique<ClosureJob<T, Completion>>(std::move(origin), std::move(function), std::move(completion));
}

}  // namespace integrity::store
