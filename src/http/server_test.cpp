#include <gtest/gtest.h>

#include "http/server_fixture.hpp"

namespace integrity::http {
namespace {

INSTANTIATE_TEST_SUITE_P(Over, ServerTest, testing::Bool(), transport_of);

// ---- Responses

TEST_P(ServerTest, SendsTheHeadersOfEveryResponse) {
  start();
  Client client(port);
  client.send(get("/a?b=c"));
  const auto head = client.head();
  for (const char* line : {"HTTP/1.1 200 OK\r\n", "\r\nDate: ", " GMT\r\n", "\r\nContent-Type: text/plain\r\n",
                           "\r\nContent-Length: 7\r\n", "\r\nX-Request-Id: ", "\r\nX-Content-Type-Options: nosniff\r\n",
                           "\r\nReferrer-Policy: no-referrer\r\n", "\r\nCross-Origin-Resource-Policy: same-origin\r\n",
                           "\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"}) {
    EXPECT_NE(head.find(line), std::string::npos) << line << head;
  }
  for (const char* line : {"\r\nServer:", "\r\nConnection:"}) {
    EXPECT_EQ(head.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(client.until("GET /a "), "GET /a ");
}

TEST_P(ServerTest, GivesEachRequestItsOwnId) {
  start();
  std::set<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    Client client(port);
    for (int j = 0; j < 5; ++j) {
      client.send(get("/nothing"));
      const auto head = client.head();
      ids.insert(head.substr(head.find("X-Request-Id: ") + 14, 24));
    }
  }
  EXPECT_EQ(ids.size(), 20u);
}

TEST_P(ServerTest, AcceptsAPolicyOfTheReplyButNoForgedHeader) {
  start();
  Client client(port);
  client.send(get("/policy"));
  const auto head = client.head();
  EXPECT_NE(head.find("\r\nContent-Security-Policy: default-src 'self'\r\n"), std::string::npos);
  EXPECT_EQ(head.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(head.find("X-Evil"), std::string::npos);
  EXPECT_EQ(head.find("Set-Cookie"), std::string::npos);
}

TEST_P(ServerTest, SendsNoContentWhereItIsForbidden) {
  start();
  Client client(port);
  client.send(get("/nothing") + get("/same") + "HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n" + get("/end"));
  for (const char* path : {"/nothing", "/same"}) {
    const auto head = client.head();
    EXPECT_EQ(head.find("\r\nContent-Type"), std::string::npos) << path;
    EXPECT_EQ(head.find("\r\nContent-Length"), std::string::npos) << path;
  }
  const auto head = client.head();
  EXPECT_NE(head.find("\r\nContent-Length: 10\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("\r\nContent-Type: text/plain\r\n"), std::string::npos);
  EXPECT_EQ(client.answer(), "200 GET /end ");
}

TEST_P(ServerTest, GivesTheApplicationThePeerAndItsContext) {
  start();
  Client client(port);
  client.send(get("/peer") + get("/context"));
  EXPECT_EQ(client.answer(), "200 127.0.0.1");
  EXPECT_EQ(client.answer(), "200 remembered");
}

TEST_P(ServerTest, AnswersInternalErrorIfTheApplicationFails) {
  start();
  Client client(port);
  for (const char* path : {"/throws", "/admit-throws", "/forgets", "/admit-forgets", "/admit-later/admit-forgets",
                           "/admit-later/throws", "/admit-later/forgets"}) {
    client.send(get(path));
    EXPECT_EQ(client.answer(), "500 internal") << path;
  }
  client.send(get("/still-here"));
  EXPECT_EQ(client.answer(), "200 GET /still-here ");
}

TEST_P(ServerTest, AddsTheHeadersOfAnExchangeToEveryResponse) {
  start();
  for (const auto& [request, status] : {std::pair{get("/carry"), "200"},
                                        {get("/carry/later"), "200"},
                                        {get("/carry/throws"), "500"},
                                        {get("/carry/forgets"), "500"},
                                        {get("/carry-admit-throws"), "500"},
                                        {post("/carry", std::string(100'001, 'x')), "413"}}) {
    Client client(port);
    client.send(request);
    const auto head = client.head();
    EXPECT_EQ(head.substr(9, 3), status);
    const auto at = head.find("\r\nX-Carried: 1\r\n");
    EXPECT_NE(at, std::string::npos) << head;
    EXPECT_EQ(head.find("X-Carried", at + 5), std::string::npos) << head;
  }
}

// ---- Keep-alive

TEST_P(ServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  Client client(port);
  std::string requests;
  for (int i = 0; i < 500; ++i) {
    requests += i % 6 == 0   ? post("/later", std::to_string(i))
                : i % 3 == 0 ? post("/admit-later/later", std::to_string(i))
                             : get("/" + std::to_string(i));
  }
  client.send(requests);  // the buffers of the sockets have room for them all
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(client.answer(), i % 3 == 0 ? "200 " + std::to_string(i) : "200 GET /" + std::to_string(i) + " ");
  }
}

// A client that sends many at once must not stop the others on its thread until the last one is answered.
TEST_P(ServerTest, PipelinedRequestsTakeTurnsWithOtherConnections) {
  start();
  Client greedy(port);
  greedy.send(get("/thread"));
  const auto thread_of_greedy = greedy.answer();
  std::deque<Client> others;
  do {
    others.emplace_back(port).send(get("/thread"));
  } while (others.back().answer() != thread_of_greedy);
  application.served = 0;
  std::string requests = get("/block");
  for (int i = 0; i < 80; ++i) requests += get("/" + std::to_string(i));
  greedy.send(requests);
  application.blocked.acquire();
  others.back().send(get("/served"));
  application.unblock.release();
  const auto answer = others.back().answer();
  ASSERT_EQ(answer.substr(0, 4), "200 ");
  EXPECT_LT(std::stoi(answer.substr(4)), 10);
  EXPECT_EQ(greedy.answer(), "200 GET /block ");
  for (int i = 0; i < 80; ++i) EXPECT_EQ(greedy.answer(), "200 GET /" + std::to_string(i) + " ");
}

TEST_P(ServerTest, SaysThatItsLoopsRunOnlyWhileAllOfThemDo) {
  start();
  const auto asked = [&] {
    const auto answered = std::make_shared<std::promise<void>>();
    server->ask_loops([answered] { answered->set_value(); });
    return answered->get_future();
  };
  EXPECT_EQ(asked().wait_for(10s), std::future_status::ready);
  Client client(port);
  client.send(get("/block"));
  application.blocked.acquire();
  const auto answer = asked();
  EXPECT_EQ(answer.wait_for(100ms), std::future_status::timeout);
  application.unblock.release();
  EXPECT_EQ(answer.wait_for(10s), std::future_status::ready);
}

TEST_P(ServerTest, StopsAfterThePipelinedRequestWhoseTurnIsNext) {
  start();
  Client client(port);
  client.send(get("/block") + get("/next") + get("/never"));
  application.blocked.acquire();
  server->stop();
  application.unblock.release();
  EXPECT_EQ(client.answer(), "200 GET /block ");
  const auto rest = client.rest();
  EXPECT_NE(rest.find("\r\nConnection: close\r\n"), std::string::npos) << rest;
  EXPECT_NE(rest.find("GET /next "), std::string::npos) << rest;
  EXPECT_EQ(application.served, 2);
}

TEST_P(ServerTest, ReadsRequestsThatArriveInPieces) {
  start();
  Client client(port);
  const auto request = "\r\n" + post("/cut", "hello", "X: " + std::string(3000, 'x') + "\r\n") +
                       "POST /cut HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n"
                       "0\r\nT: 1\r\n\r\n";
  for (std::size_t at = 0; at < request.size(); at += 17) client.send(request.substr(at, 17));
  EXPECT_EQ(client.answer(), "200 POST /cut hello");
  EXPECT_EQ(client.answer(), "200 POST /cut hello");
}

TEST_P(ServerTest, ReadsBodiesUpToTheLimitAndRequestsAfterThem) {
  start();
  Client client(port);
  const std::string body(100'000, 'b');
  client.send(post("/big", body) + get("/next"));
  EXPECT_EQ(client.answer(), "200 POST /big " + body);
  EXPECT_EQ(client.answer(), "200 GET /next ");
}

TEST_P(ServerTest, ClosesOnRequest) {
  start();
  for (const auto& request : {get("/a", "Connection: close\r\n"), get("/close"), "GET /a HTTP/1.0\r\n\r\n"s}) {
    Client client(port);
    client.send(request + get("/never"));
    const auto answer = client.rest();
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << request;
    EXPECT_EQ(answer.find("/never"), std::string::npos);
  }
}

TEST_P(ServerTest, KeepsHttp10ConnectionsOpenOnRequest) {
  start();
  Client client(port);
  client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(client.head().find("\r\nConnection: keep-alive\r\n"), std::string::npos);
  client.until("GET /a ");
  client.send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.answer(), "200 GET /b ");
  EXPECT_EQ(client.rest(), "");
}

TEST_P(ServerTest, AnswersAClientThatHasClosedItsSide) {
  start();
  Client client(port);
  client.send(post("/later", "x"));
  client.end_sending();
  EXPECT_EQ(client.answer(), "200 x");
  EXPECT_EQ(client.rest(), "");
}

TEST_P(ServerTest, SendsContinueOnlyAfterTheHeadWasAdmitted) {
  start();
  for (const auto& path : {"/a"s, "/admit-later"s}) {
    Client client(port);
    client.send("POST " + path + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(client.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ab");
    EXPECT_EQ(client.answer(), "200 POST " + path + " ab");
  }
  for (const auto& [path, length, status] : {std::tuple{"/forbidden", "2", "403 no"},
                                             {"/a", "100001", "413 payload-too-large"},
                                             {"/admit-later/forbidden", "2", "403 no"},
                                             {"/admit-later", "100001", "413 payload-too-large"}}) {
    Client client(port);
    client.send("POST "s + path + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " + length +
                "\r\n\r\n");
    EXPECT_EQ(client.answer(), status);
    EXPECT_EQ(client.rest(), "");
  }
}

// ---- Refusals

TEST_P(ServerTest, RefusesRequestSmugglingAndCloses) {
  start();
  const std::string smuggled = get("/smuggled");
  for (const auto& request : {
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"s,
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 40\r\n\r\n"s,
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n"s,
           "GET / HTTP/1.1\nHost: a\n\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n Y: 2\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 40\r\n\r\n"s,
           "\x16\x03\x01\x02"s,
       }) {
    Client client(port);
    client.send(request + smuggled);
    const auto answer = client.rest();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << request << answer;
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << answer;
  }
  EXPECT_EQ(application.served, 0);
}

TEST_P(ServerTest, NeverReadsARefusedBodyAsARequest) {
  start();
  const auto smuggled = get("/smuggled");
  for (const char* path : {"/forbidden", "/admit-later/forbidden"}) {
    Client client(port);  // the whole body has arrived: it is skipped, and the connection stays open
    client.send(post(path, smuggled) + get("/next"));
    EXPECT_EQ(client.answer(), "403 no");
    EXPECT_EQ(client.answer(), "200 GET /next ");
  }
  for (const auto& request :
       {"POST /forbidden HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + smuggled,
        "POST /forbidden HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
        "POST /admit-later/forbidden HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + smuggled}) {
    Client client(port);
    client.send(request);
    EXPECT_EQ(client.answer(), "403 no");
    EXPECT_EQ(client.rest(), "");
  }
  EXPECT_EQ(application.served, 2);
}

TEST_P(ServerTest, LetsTheClientReadWhyItsUploadWasRefused) {
  start();
  for (const auto& head : {"Content-Length: 1000000\r\n\r\n"s, "Transfer-Encoding: chunked\r\n\r\nf4240\r\n"s}) {
    Client client(port);
    EXPECT_TRUE(client.send("POST / HTTP/1.1\r\nHost: a\r\n" + head + std::string(1'000'000, 'x')));
    EXPECT_EQ(client.answer(), "413 payload-too-large");
    client.end_sending();
    EXPECT_EQ(client.rest(), "");
  }
  EXPECT_EQ(application.served, 0);
}

TEST_P(ServerTest, RefusesHeadsThatAreTooLarge) {
  options.limits.header_bytes_max = 2000;
  start();
  for (const auto& request : {get("/", "X: " + std::string(2000, 'x') + "\r\n"), "GET /" + std::string(3000, 'x'),
                              get("/" + std::string(2000, 'x'))}) {
    Client client(port);
    client.send(request);
    EXPECT_EQ(client.answer(), "431 headers-too-large");
    EXPECT_EQ(client.rest(), "");
  }
}

TEST_P(ServerTest, RefusesOtherTransferCodings) {
  start();
  Client client(port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n");
  EXPECT_EQ(client.answer(), "501 not-implemented");
  EXPECT_EQ(client.rest(), "");
}

}  // namespace
}  // namespace integrity::http
