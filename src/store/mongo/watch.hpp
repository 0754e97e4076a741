// Checks the store every two seconds, on its own thread: was everything in it moved away, and what time has the
// primary? One query asks both. The pool's Standing keeps the results. And it measures the store for /metrics, which
// must not wait for it.
#pragma once
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "store/meters.hpp"
#include "store/mongo/handles.hpp"

namespace integrity::store::mongo {

class Watch {
 public:
  Watch(Pool& pool, const Clock& clock,
        Meters& meters);  // checks once before it returns; throws Trouble where that fails

  // As of the last check that could be made. The number of sessions is MongoDB's own count of the collection, which it
  // keeps, so that it does not grow with them; after a mongod was killed, it can be off until the collection has been
  // validated.
  std::uint64_t sessions() const { return sessions_.value(); }
  std::uint64_t database_bytes() const { return database_bytes_.value(); }  // with indexes; once a minute

 private:
  void run(const std::stop_token& stop);
  void check();
  void log_clock();
  void measure() noexcept;

  Pool& pool_;
  const Clock& clock_;
  Meters& meters_;
  Gauge sessions_, database_bytes_;
  std::chrono::steady_clock::time_point bytes_measured_at_{};
  bool differs_ = false;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // declared last, so that it ends first
};

}  // namespace integrity::store::mongo
