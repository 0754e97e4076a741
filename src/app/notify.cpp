#include "app/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/log.hpp"

namespace integrity::app {
namespace {

// Read and removed.
std::string take_variable(const char* name) {
  const char* const value = ::secure_getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

// "@name" is a socket without a file (unix(7), "abstract"): its address begins with a NUL.
Fd connect_to(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if ((name[0] != '/' && name[0] != '@') || name.size() >= sizeof address.sun_path) {
    errno = EAFNOSUPPORT;
    return {};
  }
  std::copy(name.begin(), name.end(), std::begin(address.sun_path));
  if (name[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid() || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return {};
  return socket;
}

std::optional<std::chrono::microseconds> watchdog_time(const std::string& text, const std::string& process) {
  if (!process.empty() && process != std::to_string(::getpid())) return {};  // meant for our parent
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) return {};
  return std::chrono::microseconds(value);
}

}  // namespace

Notifier Notifier::from_environment() {
  Notifier manager;
  const std::string name = take_variable("NOTIFY_SOCKET");
  const std::string time = take_variable("WATCHDOG_USEC"), process = take_variable("WATCHDOG_PID");
  if (name.empty()) return manager;
  manager.socket_ = connect_to(name);
  if (manager.socket_.valid()) {
    manager.watchdog_ = watchdog_time(time, process);
  } else {
    log::event("notify.failed", {{"socket", name}, {"cause", std::strerror(errno)}});
  }
  return manager;
}

void Notifier::send(std::string_view lines) const noexcept {
  if (socket_.valid()) ::send(socket_.get(), lines.data(), lines.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

Watchdog::Watchdog(const Notifier& manager, std::vector<Probe> probes) {
  if (!manager.watchdog() || probes.empty()) return;
  const auto period = std::chrono::duration_cast<std::chrono::milliseconds>(*manager.watchdog() / 2);
  asking_.emplace(std::max(period, std::chrono::milliseconds(1)),
                  [&manager, parts = std::move(probes), last = std::shared_ptr<std::atomic<std::size_t>>()]() mutable {
                    if (last && *last != 0) return;
                    last.reset();  // where asking fails (no memory), the next round is asked anew
                    const auto owed = std::make_shared<std::atomic<std::size_t>>(parts.size());
                    const auto answer = [&manager, owed] {
                      if (--*owed == 0) manager.send("WATCHDOG=1");
                    };
                    for (const Probe& part : parts) part(answer);
                    last = owed;
                  });
}

}  // namespace integrity::app
