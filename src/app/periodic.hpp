// Work that comes round: `job` every `period` on a thread of its own, the first time after one
// period. A job that throws is logged and tried again the next time.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace integrity::app {

class Periodic {
 public:
  Periodic(std::chrono::milliseconds period, std::function<void()> job);
  // Waits for a job that runs. (jthread asks to stop and joins.)
  ~Periodic() = default;

 private:
  void run(const std::stop_token& stop);

  std::chrono::milliseconds period_;
  std::function<void()> job_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace integrity::app
