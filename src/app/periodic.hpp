// Runs `job` every `period` on a thread of its own, the first time after one period. What a job throws is logged, and
// the job runs again the next time.
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
  // Waits for a running job. (jthread requests the stop and joins.)
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
