#include <gtest/gtest.h>
#include <sys/resource.h>

#include "http/server_fixture.hpp"

namespace integrity::http {
namespace {

// ---- Time

TEST_P(ServerTest, DoesNotWaitForSlowHeaders) {
  options.limits.header_time_max = 300ms;
  start();
  Client silent(port);
  Client slow(port);
  slow.send("GET / HTTP/1.1\r\n");
  EXPECT_EQ(slow.answer(), "408 request-timeout");
  EXPECT_EQ(slow.rest(), "");
  EXPECT_EQ(silent.rest(), "");
}

TEST_P(ServerTest, DoesNotWaitForIdleOrSlowBodies) {
  options.limits.body_idle_max = 300ms;
  start();
  {
    Client idle(port);
    idle.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_EQ(idle.answer(), "408 request-timeout");
  }
  Client slow(port);
  slow.send(get("/a"));
  EXPECT_EQ(slow.answer(), "200 GET /a ");  // with it, the client has read what TLS sends after a handshake
  slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  // Never idle, but far below 500 bytes a second.
  pollfd answered{slow.descriptor(), POLLIN, 0};
  while (::poll(&answered, 1, 50) == 0) slow.send("x");
  EXPECT_EQ(slow.answer(), "408 request-timeout");
  EXPECT_EQ(application.served, 1);
}

TEST_P(ServerTest, ClosesIdleConnectionsWithoutAResponse) {
  options.limits.keep_alive_max = 300ms;
  start();
  Client client(port);
  client.send(get("/a"));
  EXPECT_EQ(client.answer(), "200 GET /a ");
  EXPECT_EQ(client.rest(), "");
}

TEST_P(ServerTest, LimitsTheMemoryOfAllLargeBodies) {
  options.limits.large_bodies_bytes_max = 80'000;  // half of it for strangers, half of that for one of them
  start();
  const auto begin = [](std::size_t length, std::size_t part) {
    return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n" +
           std::string(part, 'a');
  };
  Client small(port), large(port);
  small.send(begin(16'000, 15'000));
  large.send(begin(90'000, 80'000));
  EXPECT_EQ(large.answer(), "429 too-many-attempts");
  small.send(std::string(1'000, 'a'));
  EXPECT_EQ(small.answer(), "200 POST / " + std::string(16'000, 'a'));
  Client next(port);
  next.send(begin(34'000, 33'000));
  next.send(std::string(1'000, 'a'));
  EXPECT_EQ(next.answer(), "200 POST / " + std::string(34'000, 'a')) << "memory is given back";
}

// Also of the same address; half requests are not worth more than idle connections.
TEST_P(ServerTest, ClosesTheConnectionThatHasWaitedLongest) {
  options.connections_max = 3;
  options.oldest_gives_way = true;
  options.workers = 1;
  options.limits.header_time_max = 1h;
  start();
  Client half(port), busy(port), idle(port);
  half.send("GET / HTTP/1.1\r\n");
  busy.send(get("/keep"));
  const auto exchange = application.wait_for_held();
  for (int round = 0; round < 2; ++round) {
    idle.send(get("/a"));
    ASSERT_EQ(idle.answer(), "200 GET /a ");
  }
  Client first(port);
  first.send(get("/b"));
  EXPECT_EQ(first.answer(), "200 GET /b ");
  EXPECT_EQ(half.rest(), "");
  Client second(port);
  second.send(get("/c"));
  EXPECT_EQ(second.answer(), "200 GET /c ");
  EXPECT_EQ(idle.rest(), "");
  exchange->reply(text("done"));
  EXPECT_EQ(busy.answer(), "200 done") << "one that is being answered never gives way";
}

// ---- Streamed responses

// Parts are made on the connection's thread, or on another one.
class StreamedResponses : public ServerFixture, public testing::WithParamInterface<std::tuple<bool, bool>> {
 protected:
  StreamedResponses() {
    application.parts_later = std::get<0>(GetParam());
    if (std::get<1>(GetParam())) use_tls();
  }
};
INSTANTIATE_TEST_SUITE_P(Made, StreamedResponses, testing::Combine(testing::Bool(), testing::Bool()),
                         [](const auto& made) {
                           return std::string(std::get<0>(made.param) ? "Elsewhere" : "Here") +
                                  (std::get<1>(made.param) ? "OverTls" : "");
                         });

TEST_P(StreamedResponses, StreamsInChunks) {
  start();
  Client client(port);
  client.send(get("/list?3") + get("/next"));
  const auto head = client.head();
  EXPECT_NE(head.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Content-Length"), std::string::npos);
  const auto chunk = "00002710\r\n" + std::string(10'000, 'x') + "\r\n";
  EXPECT_EQ(client.until("0\r\n\r\n"), chunk + chunk + chunk + "0\r\n\r\n");
  EXPECT_EQ(client.answer(), "200 GET /next ");
}

TEST_P(StreamedResponses, StreamsToHttp10UntilTheConnectionEnds) {
  start();
  Client client(port);
  client.send("GET /list?3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.head().find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(client.rest(), std::string(30'000, 'x'));
}

TEST_P(StreamedResponses, DoesNotRunAStreamForHead) {
  start();
  Client client(port);
  client.send("HEAD /list?3 HTTP/1.1\r\nHost: a\r\n\r\n" + get("/next"));
  client.head();
  EXPECT_EQ(client.answer(), "200 GET /next ");
  EXPECT_EQ(application.parts_given, 0u);
}

TEST_P(StreamedResponses, LetsTheClientSeeThatAStreamFailed) {
  start();
  Client client(port);
  client.send(get("/breaks"));
  client.head();
  EXPECT_EQ(client.rest().find("0\r\n\r\n"), std::string::npos);
}

TEST_P(StreamedResponses, DropsAClientThatStopsReadingAndMakesFewPartsInAdvance) {
  options.limits.write_stall_max = 300ms;
  options.shutdown_grace = 1h;
  start();
  Client client(port, 4096);
  client.send(get("/list?1000000"));  // 10 GB
  client.head();
  Client other(port);
  other.send(get("/other"));
  EXPECT_EQ(other.answer(), "200 GET /other ");
  stop();                                      // returns only when the stalled connection is gone
  EXPECT_LT(application.parts_given, 2'000u);  // as many as fit into the kernel's buffers
}

TEST_P(ServerTest, LetsTheClientSeeThatAPartWasNotMade) {
  start();
  Client client(port);
  client.send(get("/dropped"));
  client.head();
  EXPECT_EQ(client.rest(), "");
}

// ---- Replies from other threads

TEST_P(ServerTest, AcceptsRepliesFromOtherThreads) {
  start();
  std::vector<std::thread> clients;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      Client client(port);
      for (int j = 0; j < 50; ++j) {
        const auto body = std::to_string(i * 1000 + j);
        client.send(post("/later", body));
        if (client.answer() == "200 " + body) ++right;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 400);
}

TEST_P(ServerTest, DropsTheReplyForAClientThatLeft) {
  start();
  std::weak_ptr<Exchange> watched;
  {
    Client client(port);
    client.send(post("/keep", "abc"));
    auto exchange = application.wait_for_held();
    client.disconnect();
    EXPECT_EQ(exchange->request().body, "abc");  // the body is still there
    watched = exchange;
    exchange->reply(text(std::string(1'000'000, 'x')));
  }
  while (!watched.expired()) std::this_thread::yield();  // the I/O thread may still hold it for a moment
  Client other(port);
  other.send(get("/other"));
  EXPECT_EQ(other.answer(), "200 GET /other ");
}

TEST_P(ServerTest, AnswersForAnExchangeThatAnotherThreadDropped) {
  start();
  Client client(port);
  client.send(get("/keep"));
  application.wait_for_held().reset();
  EXPECT_EQ(client.answer(), "500 internal");
}

// ---- Limits and stopping

TEST_P(ServerTest, LimitsConnectionsInTotalAndByAddress) {
  const auto defaults = options;
  for (const bool in_total : {true, false}) {
    (in_total ? options.connections_max : options.connections_per_address_max) = 2;
    start();
    {
      Client first(port);
      Client second(port);
      for (Client* client : {&first, &second}) {
        client->send(get("/a"));
        EXPECT_EQ(client->answer(), "200 GET /a ");
      }
      Client third(port);
      EXPECT_EQ(third.answer(), "503 overloaded");
      EXPECT_EQ(third.rest(), "");
      first.send(get("/a", "Connection: close\r\n"));
      EXPECT_EQ(first.answer(), "200 GET /a ");
      EXPECT_EQ(first.rest(), "");
    }
    // New connections are admitted as soon as the server has seen the others close.
    std::string answer;
    while (answer != "200 GET /a ") {
      Client fourth(port);
      fourth.send(get("/a"));
      answer = fourth.answer();
    }
    stop();
    options = defaults;
  }
}

// Connections were once closed without a response, which a balancer takes for a dead server.
TEST_P(ServerTest, SaysWhyItRefusesAConnection) {
  options.connections_max = 1;
  start();
  Client first(port, 0, 2);
  first.send(get("/a"));
  EXPECT_EQ(first.answer(), "200 GET /a ");
  Client second(port);
  second.send(get("/a"));
  EXPECT_EQ(second.answer(), "503 overloaded");
  EXPECT_EQ(second.rest(), "");
}

// Asio's empty reads return at once: a refused client that stayed kept a core busy for two seconds.
TEST_P(ServerTest, WaitsForARefusedClientToLeaveWithoutWork) {
  options.connections_max = 1;
  start();
  Client first(port);
  first.send(get("/a"));
  EXPECT_EQ(first.answer(), "200 GET /a ");
  Client second(port);
  EXPECT_EQ(second.answer(), "503 overloaded");
  const auto used = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
  };
  EXPECT_EQ(second.rest(), "");
  const auto before = used();
  pollfd left{second.descriptor(), 0, 0};
  EXPECT_EQ(::poll(&left, 1, 400), 0) << "the server still reads, so that the client can";
  EXPECT_LT(used() - before, 80);
}

TEST_P(ServerTest, MakesRoomByClosingAnIdleConnectionOfTheAddressWithMost) {
  options.connections_max = 3;
  start();
  Client busy(port), idle(port), idle_too(port);
  busy.send(get("/keep"));
  auto exchange = application.wait_for_held();
  for (Client* each : {&idle, &idle_too}) {
    each->send(get("/a"));
    EXPECT_EQ(each->answer(), "200 GET /a ");
  }
  Client other(port, 0, 2);
  other.send(get("/b"));
  EXPECT_EQ(other.answer(), "200 GET /b ");
  exchange->reply(text("done"));
  EXPECT_EQ(busy.answer(), "200 done");
  int open = 0;
  for (Client* each : {&idle, &idle_too}) {
    each->send(get("/a"));
    open += each->answer() == "200 GET /a " ? 1 : 0;
  }
  EXPECT_EQ(open, 1);
}

// Sixteen addresses that sent their bodies slowly held all connections, and nobody else came in.
TEST_P(ServerTest, MakesRoomByClosingConnectionsWhoseBodiesAreArriving) {
  options.connections_max = 4;
  start();
  Client known(port), busy(port);
  std::array<Client, 2> strangers{Client(port), Client(port)};
  const auto begin_body = [](Client& client, const std::string& path) {
    client.send("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.head(), "HTTP/1.1 100 Continue\r\n\r\n");
  };
  begin_body(known, "/known");
  for (Client& each : strangers) begin_body(each, "/a");
  busy.send(get("/keep"));
  auto exchange = application.wait_for_held();

  const auto get_from = [&](Client& client) {
    client.send(get("/b"));
    return client.answer();
  };
  Client second(port, 0, 2), third(port, 0, 3);
  EXPECT_EQ(get_from(second), "200 GET /b ");
  EXPECT_EQ(get_from(third), "200 GET /b ");
  for (Client& each : strangers) EXPECT_EQ(each.answer(), "503 ");
  Client fourth(port, 0, 4);
  EXPECT_EQ(get_from(fourth), "200 GET /b ");
  EXPECT_EQ(known.answer(), "503 ") << "the last to go";
  exchange->reply(text("done"));
  EXPECT_EQ(busy.answer(), "200 done");
}

TEST_P(ServerTest, AnswersOpenRequestsBeforeItStops) {
  start();
  Client idle(port);
  idle.send(get("/a"));
  EXPECT_EQ(idle.answer(), "200 GET /a ");
  Client running(port);
  running.send(get("/keep") + get("/never"));
  auto exchange = application.wait_for_held();
  std::thread stopping([&] { stop(); });
  EXPECT_EQ(idle.rest(), "");  // closed at once
  exchange->reply(text("finished"));
  const auto answer = running.rest();
  EXPECT_NE(answer.find("finished"), std::string::npos);
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("/never"), std::string::npos);
  running.disconnect();
  stopping.join();
  EXPECT_FALSE(Client(port).connected());
}

TEST_P(ServerTest, CutsOpenRequestsAfterTheGracePeriod) {
  options.shutdown_grace = 300ms;
  start();
  Client client(port);
  client.send(get("/keep"));
  auto exchange = application.wait_for_held();
  stop();
  EXPECT_EQ(client.rest(), "");
  server.reset();
  exchange->reply(text("too late, and harmless"));
}

TEST_P(ServerTest, StopsFromSeveralThreadsAndBeforeItRuns) {
  start();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { server->stop(); });
  for (auto& each : threads) each.join();
  thread.join();
  options.port = 0;
  Server other(options, application);
  other.listen();
  other.stop();
  other.run();
}

TEST_P(ServerTest, SaysWhyItCannotListen) {
  start();
  ServerOptions taken;
  taken.port = port;
  EXPECT_THROW(Server(taken, application).listen(), std::system_error);
  taken.host = "no address";
  EXPECT_THROW(Server(taken, application).listen(), std::system_error);
}

TEST_P(ServerTest, ListensOnIpv6AndRecognisesIpv4Clients) {
  options.host = "::";
  start();
  Client client(port);
  client.send(get("/peer"));
  EXPECT_EQ(client.answer(), "200 127.0.0.1");
}

}  // namespace
}  // namespace integrity::http
