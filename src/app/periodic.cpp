#include "app/periodic.hpp"

#include "app/run_logged.hpp"

namespace integrity::app {
Periodic::Periodic(std::chrono::milliseconds period, std::function<void()> job)
    : period_(period), job_(std::move(job)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Periodic::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, stop, period_, [&] { return stop.stop_requested(); })) {
    run_logged("job.failed", job_);
  }
}

}  // namespace integrity::app
