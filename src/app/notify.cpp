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
  struct Round {
    std::atomic<std::size_t> owed;
    std::atomic<bool> all_work = true;
  };
  const auto period = std::chrono::duration_cast<std::chrono::milliseconds>(*manager.watchdog() / 4);
  asking_.emplace(std::max(period, std::chrono::milliseconds(1)),
                  [&manager, parts = std::move(probes), last = std::shared_ptr<Round>()]() mutable {
                    if (last && last->owed != 0) return;
                    last.reset();  // if asking fails for want of memory, the next round asks all parts again
                    const auto round = std::make_shared<Round>(parts.size());
                    const auto answer = [&manager, round](bool works) {
                      if (!works) round->all_work = false;
                      if (--round->owed == 0 && round->all_work) manager.send("WATCHDOG=1");
                    };
                    for (const Probe& part : parts) part(answer);
                    last = round;
                  });
}

}  // namespace integrity::app
