// The one door to what is kept. Engines live in folders of their own and pass the suite in contract/.
//
//   auto left = store.read()->recovery_codes_left(user);
//
//   Result<Product> made = store.write([=](WriteTx& tx) -> Result<Product> {
//     INTEGRITY_CHECK(tx.create_product(act, product));
//     return product;
//   });
//
// A write is a closure that MAY be run more than once, on another thread, together with others in one commit.
// So it draws no randomness, reads no clock but tx.now(), and has no effect except through `tx`. An error
// that it returns undoes all it did; one passed through tx.commit_with() is an answer too, but what was written stays.
//
// Engines MUST: make all of a closure's effects visible at once and only if it succeeded; answer only after
// the commit is durable, never with success for what may be lost; and see to it that reads begun after an answer
// show what it acknowledged. A closure that throws is undone and ends with Code::internal. A store that cannot be
// reached throws Unavailable from reads; writes end with Code::unavailable.
#pragma once
#include <future>
#include <memory>
#include <stdexcept>
#include <utility>

#include "base/result.hpp"
#include "store/job.hpp"
#include "store/tx.hpp"

namespace integrity::store {

struct Unavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A ProductQuery whose `after` is no position of this engine's: it was made by another one, or is damaged.
struct UnknownPosition : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

class Store {
 public:
  virtual ~Store() = default;

  // Whether whoever asks waits for a network: then not on a thread that serves connections.
  virtual bool remote() const { return false; }

  // Reads without a transaction around them: each call shows one state, a later call the same or a newer one.
  // Cheap, for nearly everything; what must fit together is decided in a write. Not shared between threads.
  virtual std::unique_ptr<ReadTx> read() = 0;

  // Alive sessions only, fast enough for every request. Safe from any thread.
  virtual std::optional<model::Session> session(const SessionId& id) = 0;

  // Queues a write; where the queue is full, this job or one of a source that has more ends with Code::overloaded.
  virtual void submit(std::unique_ptr<Job> job) = 0;

  // The same, waiting for the answer. Not from an I/O thread.
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
  // Shared: the waiting thread may be gone before set_value has returned.
  const auto promise = std::make_shared<std::promise<R>>();
  auto future = promise->get_future();
  auto completion = [promise](R result) { promise->set_value(std::move(result)); };
  submit(make_job<T>(std::move(origin), std::move(function), completion));
  return future.get();
}

}  // namespace integrity::store
