// Checks the store every two seconds, on its own thread: was everything in it moved away, and what time has the
// primary? One query asks both. The pool's Standing keeps the results.
#pragma once
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "store/mongo/handles.hpp"

namespace integrity::store::mongo {

class Watch {
 public:
  Watch(Pool& pool, const Clock& clock);  // checks once before it returns; throws Trouble where that fails

 private:
  void run(const std::stop_token& stop);
  void check();
  void log_clock();

  Pool& pool_;
  const Clock& clock_;
  bool differs_ = false;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // declared last, so that it ends first
};

}  // namespace integrity::store::mongo
