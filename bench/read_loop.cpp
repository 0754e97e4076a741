// Sends a GET on each connection, and the next one when the response has arrived. The percentiles are of the requests
// that were sent. Those of wrk also count the requests that it would have sent during a stall (it corrects "coordinated
// omission"): wrk shows how long a stall is, this loop how many requests it delays.
//
//   read_loop PORT TARGET TOKEN CONNECTIONS SECONDS     prints requests per second, 99th and 99.9th percentile in ms
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using Clock = std::chrono::steady_clock;

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: read_loop PORT TARGET TOKEN CONNECTIONS SECONDS\n");
    return 2;
  }
  const std::string request =
      std::string("GET ") + argv[2] + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + argv[3] + "\r\n\r\n";
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::vector<pollfd> connections(static_cast<std::size_t>(std::atoi(argv[4])));
  std::vector<Clock::time_point> sent(connections.size());
  for (std::size_t i = 0; i < connections.size(); ++i) {
    connections[i] = {::socket(AF_INET, SOCK_STREAM, 0), POLLIN, 0};
    const int yes = 1;
    ::setsockopt(connections[i].fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (::connect(connections[i].fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 1;
    sent[i] = Clock::now();
    if (::send(connections[i].fd, request.data(), request.size(), 0) < 0) return 1;
  }
  const auto begin = Clock::now();
  const auto end =
      begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::atof(argv[5])));
  std::vector<double> took;
  char response[16384];  // longer than the expected response, which arrives in one piece
  while (Clock::now() < end) {
    if (::poll(connections.data(), connections.size(), 1000) < 0) return 1;
    for (std::size_t i = 0; i < connections.size(); ++i) {
      if (connections[i].revents == 0) continue;
      const auto got = ::recv(connections[i].fd, response, sizeof response, 0);
      if (got <= 0 || !std::string_view(response, static_cast<std::size_t>(got)).starts_with("HTTP/1.1 200 ")) return 1;
      const auto now = Clock::now();
      took.push_back(std::chrono::duration<double, std::milli>(now - sent[i]).count());
      sent[i] = now;
      if (::send(connections[i].fd, request.data(), request.size(), 0) < 0) return 1;
    }
  }
  if (took.empty()) return 1;
  std::sort(took.begin(), took.end());
  const auto at = [&](double part) {
    return took[static_cast<std::size_t>(part * static_cast<double>(took.size() - 1))];
  };
  std::printf("%.0f %.3f %.3f\n",
              static_cast<double>(took.size()) / std::chrono::duration<double>(Clock::now() - begin).count(), at(0.99),
              at(0.999));
  return 0;
}
