// Looks at the store every two seconds, on a thread of its own: was everything in it moved away, and what does the
// primary's clock show? Both come with one question. The pool's Standing keeps the answers.
#pragma once
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "store/mongo/handles.hpp"

namespace integrity::store::mongo {

class Watch {
 public:
  Watch(Pool& pool, const Clock& clock);  // after a first look; throws Trouble where that fails

 private:
  void run(const std::stop_token& stop);
  void look();
  void log_clock();

  Pool& pool_;
  const Clock& clock_;
  bool differs_ = false;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // ends first
};

}  // namespace integrity::store::mongo
