// The store: everything that is kept, behind one interface. Each engine has a folder of its own and passes the tests in
// contract/.
//
//   auto left = store.read()->recovery_codes_left(user);
//
//   Result<Product> made = store.write([=](WriteTx& tx) -> Result<Product> {
//     INTEGRITY_CHECK(tx.create_product(attribution, product));
//     return product;
//   });
//
// A write is a closure. It MAY run more than once, on another thread, and share a commit with others. So it draws no
// random numbers, reads no clock but tx.now(), and has no effect except through `tx`. An error that it returns undoes
// all that it wrote; with an error that went through tx.commit_with() the writes stay.
//
// Engines MUST make all effects of a closure visible at once, and only if it succeeded; answer only after the commit is
// durable; and show what an answer acknowledged in every read that begins after it. A closure that throws is undone and
// ends with Code::internal. While a store cannot be reached, reads throw Unavailable and writes end with
// Code::unavailable.
#pragma once
#include <future>
#include <memory>
#include <stdexcept>
#include <utility>

#include "base/result.hpp"
#include "store/job.hpp"
#include "store/meters.hpp"
#include "store/tx.hpp"

namespace integrity::store {

struct Unavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The `after` of a ProductQuery is not a position of this engine: another engine wrote it, or it is damaged.
struct UnknownPosition : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

class Store {
 public:
  virtual ~Store() = default;

  // Whether reads wait for the network. If so, they must not run on a thread that serves connections.
  virtual bool remote() const { return false; }

  // What the clock that all nodes share shows when this node's shows `now`: the database's, where there is one. For
  // times that two nodes compare within seconds. Never further from `now` than model::clock_error_max.
  virtual Time shared_time(Time now) { return now; }

  // Reads outside of a transaction: each call shows one state, a later call the same state or a newer one. What several
  // calls must agree on belongs into a write. Cheap to make. Not shared between threads.
  virtual std::unique_ptr<ReadTx> read() = 0;

  // Nothing where the session has ended or expired. Fast enough for every request. Safe from any thread.
  virtual std::optional<model::Session> session(const SessionId& id) = 0;

  // By the hash of the key. Null where it was revoked or has expired, or its owner is not active. As fast as `session`.
  // Its `last_used_at` may be old.
  virtual std::shared_ptr<const model::ApiKey> api_key(const model::Digest& hash) = 0;

  // Queues a write. Where the queue is full, this job or one of a source that has more ends with Code::overloaded.
  virtual void submit(std::unique_ptr<Job> job) = 0;

  // Never waits for the database. Safe from any thread.
  virtual Figures figures() { return {}; }
  Meters meters;

  // The same, and waits for the result. Not for I/O threads.
  template <class F>
  auto write(Origin origin, F function) -> std::invoke_result_t<F&, WriteTx&>;
  // For the program's own writes, and those of commands on the host.
  template <class F>
  auto write(F function) -> std::invoke_result_t<F&, WriteTx&> {
    return write(Origin(), std::move(function));
  }
};

template <class F>
auto Store::write(Origin origin, F function) -> std::invoke_result_t<F&, WriteTx&> {
  using R = std::invoke_result_t<F&, WriteTx&>;
  using T = typename R::value_type;
  // Shared: the waiting thread may return before set_value does.
  const auto promise = std::make_shared<std::promise<R>>();
  auto future = promise->get_future();
  auto completion = [promise](R result) { promise->set_value(std::move(result)); };
  submit(make_job<T>(std::move(origin), std::move(function), completion));
  return future.get();
}

}  // namespace integrity::store
