#include "app/terminal.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iostream>

#include "base/fd.hpp"

namespace integrity::app {
namespace {

constexpr std::size_t kLineBytesMax = 4096;  // a password has at most 256 code points

// Turns echo off while it lives, and always on again: signals that would end or stop the process are blocked and make
// `signals` readable; they take effect after the terminal is restored.
class Silence {
 public:
  Silence() {
    sigset_t waiting;
    sigemptyset(&waiting);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) sigaddset(&waiting, number);
    ::pthread_sigmask(SIG_BLOCK, &waiting, &mask_before_);
    signals_ = Fd(::signalfd(-1, &waiting, SFD_CLOEXEC));
    ::tcgetattr(STDIN_FILENO, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~Silence() {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

  int signals() const { return signals_.get(); }

 private:
  Fd signals_;
  termios before_{};
  sigset_t mask_before_{};
};

// Byte by byte, so that what follows the line is left for the next reader.
std::optional<Secret> read_line(int signals) {
  Bytes line;
  line.reserve(kLineBytesMax);  // growing would leave copies of a password in memory
  for (;;) {
    pollfd wait[] = {{STDIN_FILENO, POLLIN, 0}, {signals, POLLIN, 0}};
    if (::poll(wait, 2, -1) < 0 && errno == EINTR) continue;
    if (wait[1].revents != 0) return {};
    std::uint8_t byte = 0;
    const auto got = ::read(STDIN_FILENO, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || (got == 0 && line.empty()) || line.size() == kLineBytesMax) return {};
    if (got == 0 || byte == '\n') break;
    line.push_back(byte);
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return Secret(std::move(line));
}

std::optional<Secret> read_silently(const char* prompt) {
  const Silence silence;
  std::cerr << prompt << std::flush;
  return read_line(silence.signals());
}

}  // namespace

bool on_terminal() {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
}

Result<Secret> read_new_password() {
  const Error none{Code::invalid_value, "no password was given"};
  if (!on_terminal()) {
    const auto line = read_line(-1);
    if (!line) return none;
    // Editors on Windows write a byte order mark, which is not typed at a login.
    std::string_view text = line->reveal_text();
    if (text.starts_with("\uFEFF")) text.remove_prefix(3);
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
      return Error{Code::invalid_value, "the password is in UTF-16; save the file as UTF-8"};
    }
    return Secret(text);
  }
  auto first = read_silently("Password: ");
  if (!first) return none;
  const auto again = read_silently("The same again: ");
  if (!again) return none;
  if (!equal_in_constant_time(first->reveal(), again->reveal())) {
    return Error{Code::invalid_value, "the two passwords differ"};
  }
  return std::move(*first);
}

std::optional<std::string> ask(const std::string& prompt) {
  std::cerr << prompt << std::flush;
  const auto line = read_line(-1);
  if (!line) return {};
  const std::string_view text = line->reveal_text();
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::string();
  return std::string(text.substr(first, text.find_last_not_of(" \t") + 1 - first));
}

}  // namespace integrity::app
