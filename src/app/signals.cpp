#include "app/signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/log.hpp"

namespace integrity::app {

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  for (const int stop : {SIGTERM, SIGINT}) sigaddset(&signals_, stop);
  sigaddset(&signals_, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals_, &mask_before_);
  received_ = Fd(::signalfd(-1, &signals_, SFD_CLOEXEC));
  end_ = Fd(::eventfd(0, EFD_CLOEXEC));
  if (!received_.valid() || !end_.valid()) throw std::system_error(errno, std::generic_category(), "signalfd");
}

void StopSignals::unwatch() {
  if (!thread_.joinable()) return;
  ::eventfd_write(end_.get(), 1);
  thread_.join();
}

StopSignals::~StopSignals() {
  unwatch();
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void StopSignals::watch(std::function<void()> on_first) {
  on_first_ = std::move(on_first);
  thread_ = std::thread([this] { run(); });
}

// The signal, or nothing after `unwatch`.
std::optional<std::uint32_t> StopSignals::wait_for_stop() {
  for (;;) {
    pollfd wait[] = {{received_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}};
    while (::poll(wait, 2, -1) < 0 && errno == EINTR) {
    }
    if (wait[0].revents == 0) return {};
    signalfd_siginfo info{};
    [[maybe_unused]] const auto size = ::read(received_.get(), &info, sizeof info);
    if (info.ssi_signo != SIGHUP) return info.ssi_signo;
    // The terminal of the server was closed, or the operator wants it to reopen logs or reread options: the log is
    // stderr, and options are read only at the start.
    log::event("hangup.ignored");
  }
}

void StopSignals::run() {
  const auto signal = wait_for_stop();
  if (!signal) return;
  log::event("stop.asked", {{"signal", std::to_string(*signal)}});
  // From here on this thread takes the next signal, with its default action, which ends the process. SIGHUP stays
  // blocked.
  sigset_t stops = signals_;
  sigdelset(&stops, SIGHUP);
  ::pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);
  on_first_();
  pollfd end{end_.get(), POLLIN, 0};
  while (::poll(&end, 1, -1) < 0 && errno == EINTR) {
  }
}

}  // namespace integrity::app
