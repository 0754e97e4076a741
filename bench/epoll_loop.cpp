// The least work that a server on one core can do: an epoll loop that sends the same bytes whenever the received data
// end with an empty line. It does not parse them. The difference to this loop is what a server spends on a request.
//
//   epoll_loop FILE     prints its port on 127.0.0.1, and responds with the content of FILE until it is terminated
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

void accept_all(int epoll, int listener) {
  for (int fd = 0; (fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: epoll_loop FILE\n");
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  const std::string reply{std::istreambuf_iterator<char>(file), {}};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, size) != 0 || ::listen(listener, 1024) != 0) return 1;
  ::getsockname(listener, generic, &size);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);

  const int epoll = ::epoll_create1(0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  std::array<epoll_event, 256> ready{};
  std::array<char, 65536> request{};
  while (true) {
    const int count = ::epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        accept_all(epoll, listener);
        continue;
      }
      const auto got = ::recv(fd, request.data(), request.size(), 0);
      if (got <= 0) {
        ::close(fd);
      } else if (std::string_view(request.data(), static_cast<std::size_t>(got)).ends_with("\r\n\r\n")) {
        ::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
      }
    }
  }
}
