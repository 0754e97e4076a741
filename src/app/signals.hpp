// The first SIGTERM or SIGINT calls a function; the second one ends the process at once. SIGHUP is logged and ignored:
// a server outlives the terminal that it was started from.
//
//   StopSignals signals;                      // before any other thread: threads inherit the signal mask
//   signals.watch([&] { server.stop(); });    // a signal that came before is not lost
//   server.run();
//   signals.unwatch();                        // the function is not running, and will not run again
#pragma once
#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>

#include "app/file.hpp"

namespace integrity::app {

class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  void watch(std::function<void()> on_first);  // once; called on a thread of its own
  void unwatch();

 private:
  void run();
  std::optional<std::uint32_t> wait_for_stop();

  sigset_t signals_{}, mask_before_{};
  Fd received_, end_;
  std::function<void()> on_first_;
  std::thread thread_;
};

}  // namespace integrity::app
