#include "http/traffic.hpp"

#include <numeric>

#include "http/server_fixture.hpp"

namespace integrity::http {
namespace {

std::uint64_t durations(const Traffic::Requests& requests) {
  const auto& counts = requests.durations.counts;
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

class ServerTraffic : public ServerFixture {};

constexpr std::size_t kSuccess = 0, kRefused = 2, kFailed = 3;

TEST_F(ServerTraffic, CountsRequestsByMethodAndStatus) {
  options.operations_max = 1;
  start();
  Client client(port);
  std::string sent;
  const auto ask = [&](const std::string& request) {
    sent += request;
    client.send(request);
    return client.answer();
  };
  EXPECT_EQ(ask(get("/a")).substr(0, 3), "200");
  EXPECT_EQ(ask(post("/a/later", "body")).substr(0, 3), "200");
  EXPECT_EQ(ask(get("/forbidden")).substr(0, 3), "403");
  EXPECT_EQ(ask(get("/throws")).substr(0, 3), "500");
  const std::string broken = "GET / HTTP/1.1\r\nHost : a\r\n\r\n";
  EXPECT_EQ(ask(broken).substr(0, 3), "400");
  client.rest();
  const Traffic traffic = server->traffic();
  EXPECT_EQ(traffic.of(0, Method::get).by_status, (std::array<std::uint64_t, 4>{1, 0, 1, 1}));
  EXPECT_EQ(durations(traffic.of(0, Method::get)), 3U);
  EXPECT_EQ(traffic.of(0, Method::post).by_status[kSuccess], 1U);
  EXPECT_EQ(traffic.of(0, Method::other).by_status[kRefused], 1U);  // its head could not be read
  EXPECT_EQ(traffic.received, sent.size());
  EXPECT_GT(traffic.sent, 5U * 100U);
}

// The operation is the application's; also where the reply is not.
TEST_F(ServerTraffic, CountsRequestsUnderTheirOperation) {
  options.operations_max = 7;
  application.operation = 7;
  start();
  for (const char* path : {"/a", "/a/later", "/throws", "/admit-throws", "/a/forgets"}) {
    Client client(port);
    client.send(get(path));
    client.answer();
  }
  Client client(port);
  client.send("POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n");
  EXPECT_EQ(client.answer().substr(0, 3), "413");
  const Traffic traffic = server->traffic();
  EXPECT_EQ(traffic.of(7, Method::get).by_status[kSuccess], 2U);
  EXPECT_EQ(traffic.of(7, Method::get).by_status[kFailed], 3U);
  EXPECT_EQ(traffic.of(7, Method::post).by_status[kRefused], 1U);
  EXPECT_EQ(durations(traffic.of(0, Method::get)), 0U);
}

TEST_F(ServerTraffic, CountsOpenConnections) {
  start();
  EXPECT_EQ(server->traffic().connections, 0U);
  Client first(port), second(port);
  for (Client* client : {&first, &second}) {
    client->send(get("/a"));
    client->answer();
  }
  EXPECT_EQ(server->traffic().connections, 2U);
}

TEST_F(ServerTraffic, MayHaveOneWorker) {
  options.workers = 1;
  start();
  std::set<std::string> threads;
  for (int i = 0; i < 8; ++i) {
    Client client(port);
    client.send(get("/thread"));
    threads.insert(client.answer());
  }
  EXPECT_EQ(threads.size(), 1U);
}

}  // namespace
}  // namespace integrity::http
