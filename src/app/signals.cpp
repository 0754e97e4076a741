#include "app/signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "app/run_logged.hpp"
#include "base/log.hpp"

namespace integrity::app {

Signals::Signals() {
  sigemptyset(&signals_);
  for (const int stop : {SIGTERM, SIGINT}) sigaddset(&signals_, stop);
  sigaddset(&signals_, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals_, &mask_before_);
  received_ = Fd(::signalfd(-1, &signals_, SFD_CLOEXEC));
  end_ = Fd(::eventfd(0, EFD_CLOEXEC));
  if (!received_.valid() || !end_.valid()) throw std::system_error(errno, std::generic_category(), "signalfd");
}

void Signals::unwatch() {
  if (!thread_.joinable()) return;
  ::eventfd_write(end_.get(), 1);
  thread_.join();
}

Signals::~Signals() {
  unwatch();
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void Signals::watch(std::function<void()> on_stop, std::function<void()> on_hangup) {
  on_stop_ = std::move(on_stop);
  on_hangup_ = std::move(on_hangup);
  thread_ = std::thread([this] { run(); });
}

// The signal, or nothing after `unwatch`.
std::optional<std::uint32_t> Signals::wait_for_stop() {
  for (;;) {
    pollfd wait[] = {{received_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}};
    while (::poll(wait, 2, -1) < 0 && errno == EINTR) {
    }
    if (wait[0].revents == 0) return {};
    signalfd_siginfo info{};
    [[maybe_unused]] const auto size = ::read(received_.get(), &info, sizeof info);
    if (info.ssi_signo != SIGHUP) return info.ssi_signo;
    // A file was replaced, or the terminal of the server was closed. Options are read only at the start.
    log::event("signal.hup");
    run_logged("signal.hup.failed", on_hangup_);
  }
}

void Signals::run() {
  const auto signal = wait_for_stop();
  if (!signal) return;
  log::event("stop.asked", {{"signal", std::to_string(*signal)}});
  // From here on this thread takes the next signal, with its default action, which ends the process. SIGHUP stays
  // blocked.
  sigset_t stops = signals_;
  sigdelset(&stops, SIGHUP);
  ::pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);
  on_stop_();
  pollfd end{end_.get(), POLLIN, 0};
  while (::poll(&end, 1, -1) < 0 && errno == EINTR) {
  }
}

}  // namespace integrity::app
