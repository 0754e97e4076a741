// The first SIGTERM or SIGINT calls a function; the second one ends the process at once. SIGHUP is logged and calls
// another one, as often as it comes: a server outlives the terminal that it was started from.
//
//   Signals signals;                                     // before any other thread: threads inherit the signal mask
//   signals.watch([&] { server.stop(); }, [&] { … });    // a signal that came before is not lost
//   server.run();
//   signals.unwatch();                        // the function is not running, and will not run again
#pragma once
#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>

#include "base/fd.hpp"

namespace integrity::app {

class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Once; both are called on one thread of their own. `on_stop` is called once, and `on_hangup` not after it.
  void watch(std::function<void()> on_stop, std::function<void()> on_hangup);
  void unwatch();

 private:
  void run();
  std::optional<std::uint32_t> wait_for_stop();

  sigset_t signals_{}, mask_before_{};
  Fd received_, end_;
  std::function<void()> on_stop_, on_hangup_;
  std::thread thread_;
};

}  // namespace integrity::app
