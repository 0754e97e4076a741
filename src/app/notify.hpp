// What a service manager is told by the protocol of sd_notify(3): datagrams on the socket $NOTIFY_SOCKET. Without that
// variable, which is the usual case outside of a systemd unit of Type=notify, nothing is sent.
//
//   const Notifier manager = Notifier::from_environment();   // before any other thread: it changes the environment
//   manager.send("READY=1");
//   const Watchdog watchdog(manager, {loops, writer});        // pings while all of them answer
//
// Not libsystemd: the protocol is one sendto(2), and it is documented as stable for programs that do without.
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/periodic.hpp"
#include "base/fd.hpp"

namespace integrity::app {

class Notifier {
 public:
  // Removes the variables of the protocol from the environment, so that no program that this process may start speaks
  // in its name. A socket that cannot be used is logged (`notify.failed`) and then counts as none.
  static Notifier from_environment();

  // Sends lines such as "READY=1". Never waits, and fails silently: a manager that does not listen is no reason to
  // stop. Safe from any thread.
  void send(std::string_view lines) const noexcept;

  // How long the manager waits for a ping before it ends this process (WATCHDOG_USEC); nothing: it wants none.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

 private:
  Fd socket_;  // connected; invalid: no manager
  std::optional<std::chrono::microseconds> watchdog_;
};

// A part of the program that is asked whether it works: it calls `answer` once, from any thread. True: it has done a
// little work of its usual kind. False: it could not be asked. A part that hangs never answers.
using Probe = std::function<void(std::function<void(bool works)> answer)>;

// Four times in each watchdog time, asks all parts. When the last one has answered, and all work, sends the ping. While
// one of them owes an answer, nobody is asked again and nothing is sent. Without a watchdog time it does nothing.
//
// sd_watchdog_enabled(3) advises two pings in each watchdog time. Of four rounds two may be late or fail.
class Watchdog {
 public:
  // `manager` must outlive this object, and every answer that is still owed.
  Watchdog(const Notifier& manager, std::vector<Probe> probes);

 private:
  std::optional<Periodic> asking_;
};

}  // namespace integrity::app
