#include "app/periodic.hpp"

#include <exception>

#include "base/log.hpp"

namespace integrity::app {

Periodic::Periodic(std::chrono::milliseconds period, std::function<void()> job)
    : period_(period), job_(std::move(job)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Periodic::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, stop, period_, [&] { return stop.stop_requested(); })) {
    try {
      job_();
    } catch (const std::exception& error) {
      log::event("job.failed", {{"cause", error.what()}});
    }
  }
}

}  // namespace integrity::app
