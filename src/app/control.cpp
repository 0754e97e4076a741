#include "app/control.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "app/run_logged.hpp"
#include "base/file_error.hpp"
#include "base/secret.hpp"

namespace integrity::app {
namespace {

constexpr std::size_t kLineBytesMax = 64 * 1024;
// For a whole line, however slowly it comes.
constexpr std::chrono::seconds kServerTimeLimit{5};
constexpr std::size_t kRequestsMax = 32;  // at once; more wait in the socket
constexpr std::chrono::milliseconds kFullPause{20};
constexpr std::string_view kProgress = R"({"progress":)";

// The address of a socket. A path longer than the 107 bytes of sun_path is reached through a descriptor of its folder,
// which must stay open as long as the address is used.
struct SocketAddress {
  Fd folder;
  sockaddr_un address{};
};

Result<SocketAddress> address_of(const std::filesystem::path& path) {
  SocketAddress socket;
  socket.address.sun_family = AF_UNIX;
  std::string name = path.string();
  if (name.size() >= sizeof socket.address.sun_path) {
    const auto folder = path.parent_path();
    socket.folder = Fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!socket.folder.valid()) return file_error(folder, "cannot open");
    name = "/proc/self/fd/" + std::to_string(socket.folder.get()) + "/" + path.filename().string();
  }
  std::memcpy(socket.address.sun_path, name.c_str(), name.size() + 1);
  return socket;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

using SteadyTime = std::chrono::steady_clock::time_point;

// False if the peer is not ready for `events` by `until`.
bool wait_for(int fd, short events, SteadyTime until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd wait{fd, events, 0};
    const int ready = ::poll(&wait, 1, std::max(0, static_cast<int>(left.count())));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

bool same_user_or_root(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

bool send_line(int fd, std::string_view text, std::chrono::seconds time_limit) {
  const SteadyTime until = std::chrono::steady_clock::now() + time_limit;
  std::string line = std::string(text) + '\n';
  std::size_t sent = 0;
  while (sent < line.size() && wait_for(fd, POLLOUT, until)) {
    const auto size = ::send(fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    sent += static_cast<std::size_t>(size);
  }
  wipe(line);
  return sent == line.size();
}

// Reads lines; what it has read is wiped.
class LineReader {
 public:
  explicit LineReader(int fd)
      : fd_(fd), bytes_(kLineBytesMax, '\0') {}  // in full: growing would leave copies in memory
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  ~LineReader() { wipe(bytes_); }

  // Without its line feed; nothing if the peer stops, stalls or sends too much. The caller wipes it.
  std::optional<std::string> next(std::chrono::seconds time_limit) {
    const SteadyTime until = std::chrono::steady_clock::now() + time_limit;
    for (;;) {
      const std::string_view read(bytes_.data(), size_);
      if (const auto end = read.find('\n'); end != std::string_view::npos) return take(end);
      if (size_ == bytes_.size() || !wait_for(fd_, POLLIN, until)) return {};
      const auto got = ::recv(fd_, bytes_.data() + size_, bytes_.size() - size_, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return {};
      size_ += static_cast<std::size_t>(got);
    }
  }

 private:
  std::string take(std::size_t end) {
    std::string line(bytes_.data(), end);
    std::memmove(bytes_.data(), bytes_.data() + end + 1, size_ - end - 1);
    size_ -= end + 1;
    return line;
  }

  const int fd_;
  std::string bytes_;
  std::size_t size_ = 0;
};

// Whether the peer has closed its side, or has died.
bool has_gone(int fd) {
  pollfd peer{fd, POLLRDHUP, 0};
  return ::poll(&peer, 1, 0) > 0;
}

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::start(std::filesystem::path path, Handler handler) {
  INTEGRITY_TRY(const SocketAddress socket, address_of(path));
  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Fd stop(::eventfd(0, EFD_CLOEXEC));
  if (!listener.valid() || !stop.valid()) return file_error(path, "cannot make a socket");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    auto error = file_error(path, "cannot replace what is there");
    error.detail += "; remove it";
    return error;
  }
  // Before bind, so that the file never has a wider mode.
  if (::fchmod(listener.get(), 0600) != 0 ||
      ::bind(listener.get(), generic(socket.address), sizeof socket.address) != 0 || ::chmod(path.c_str(), 0600) != 0 ||
      ::listen(listener.get(), 16) != 0) {
    return file_error(path, "cannot listen");
  }
  return std::make_unique<ControlServer>(std::move(path), std::move(handler), std::move(listener), std::move(stop));
}

ControlServer::ControlServer(std::filesystem::path path, Handler handler, Fd listener, Fd stop)
    : path_(std::move(path)),
      handler_(std::move(handler)),
      listener_(std::move(listener)),
      stop_(std::move(stop)),
      thread_([this] { run(); }) {}

ControlServer::~ControlServer() {
  ending_ = true;
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
  for (Served& each : served_) each.thread.join();
  ::unlink(path_.c_str());
}

void ControlServer::run() {
  for (;;) {
    const bool full = served_.size() >= kRequestsMax;
    pollfd wait[] = {{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    if (::poll(wait, full ? 1 : 2, full ? static_cast<int>(kFullPause.count()) : -1) < 0 && errno != EINTR) return;
    if (wait[0].revents != 0) return;
    served_.remove_if([](Served& each) {
      if (!*each.over) return false;
      each.thread.join();
      return true;
    });
    if (full || wait[1].revents == 0) continue;
    Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    // Where serving it fails, for want of memory or threads perhaps, the command gets no reply.
    if (peer.valid()) run_logged("control.failed", [&] { begin(std::move(peer)); });
  }
}

void ControlServer::begin(Fd peer) {
  Served served{{}, std::make_shared<std::atomic<bool>>(false)};
  // Shared, because a std::function must be copyable.
  const auto shared = std::make_shared<Fd>(std::move(peer));
  served_.emplace_back();
  try {
    served.thread = std::thread([this, shared, over = served.over] {
      run_logged("control.failed", [&] { serve(*shared); });
      *over = true;
    });
  } catch (...) {
    served_.pop_back();
    throw;
  }
  served_.back() = std::move(served);
}

void ControlServer::serve(const Fd& peer) {
  if (!same_user_or_root(peer.get())) return log::event("control.refused");
  auto request = LineReader(peer.get()).next(kServerTimeLimit);
  if (!request) return;
  const auto progress = [&](std::string_view object) {
    if (ending_ || has_gone(peer.get())) return false;
    return send_line(peer.get(), std::string(kProgress) + std::string(object) + "}", kServerTimeLimit);
  };
  std::string reply = handler_(*request, progress);
  wipe(*request);
  send_line(peer.get(), reply, kServerTimeLimit);
  wipe(reply);
}

std::optional<Result<std::string>> control_call(const std::filesystem::path& path, std::string_view request,
                                                const Progress& progress, std::chrono::seconds silence_max) {
  if (!std::filesystem::exists(path)) return {};
  const auto socket = address_of(path);
  if (!socket) return Result<std::string>(socket.error());
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Result<std::string>(file_error(path, "cannot make a socket"));
  if (::connect(fd.get(), generic(socket->address), sizeof socket->address) != 0) {
    if (errno == ECONNREFUSED || errno == ENOENT) return {};
    return Result<std::string>(file_error(path, "cannot reach the server"));
  }
  if (!send_line(fd.get(), request, silence_max)) return Result<std::string>(file_error(path, "cannot ask the server"));
  LineReader lines(fd.get());
  for (;;) {
    auto line = lines.next(silence_max);
    if (!line) return Result<std::string>(Error{Code::unavailable, path.string() + ": the server did not answer"});
    if (!line->starts_with(kProgress)) return Result<std::string>(std::move(*line));
    line->pop_back();
    if (progress) progress(std::string_view(*line).substr(kProgress.size()));
  }
}

}  // namespace integrity::app
