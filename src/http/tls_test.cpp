#include "http/tls.hpp"

#include <gtest/gtest.h>

#include "http/server_fixture.hpp"

namespace integrity::http {
namespace {

using namespace test_certificates;

// ---- Certificates

class Certificates : public testing::Test {
 protected:
  std::string refusal(const PemFile& certificate_file, const PemFile& key_file) {
    const Status taken = tls.use(certificate_file, key_file);
    return taken ? "" : taken.error().detail;
  }
  std::string refusal_of_certificate(const std::string& text) {
    return refusal(file("c.pem", text), file("k.pem", key));
  }
  std::string refusal_of_key(const std::string& text) {
    return refusal(file("c.pem", certificate), file("k.pem", text));
  }

  test::ManualClock clock;
  SystemRandom random;
  Tls tls{clock, random, Hsts::all};
};

TEST_F(Certificates, AreTakenWithTheirKey) {
  EXPECT_FALSE(tls.not_after());
  EXPECT_EQ(refusal(file("c.pem", certificate), file("k.pem", key)), "");
  EXPECT_EQ(to_rfc3339(tls.not_after().value()), "2126-01-01T00:00:00.000Z");
  EXPECT_EQ(refusal(file("c.pem", chained_certificate + its_issuer), file("k.pem", chained_key)), "");
}

TEST_F(Certificates, AreRefusedInOneLineThatNamesTheFile) {
  const auto cut = certificate.substr(0, certificate.size() / 2);
  for (const auto& [said, expected] : std::vector<std::pair<std::string, std::string>>{
           {refusal_of_certificate(""), "c.pem: holds no certificate"},
           {refusal_of_certificate(key), "c.pem: holds no certificate"},
           {refusal_of_certificate(cut), "c.pem: certificate 1 in it is damaged"},
           {refusal_of_certificate(certificate + cut), "c.pem: certificate 2 in it is damaged"},
           {refusal_of_certificate(other_certificate), "k.pem: does not fit the certificate in c.pem"},
           {refusal_of_certificate(certificate + other_certificate), "c.pem: the chain is in the wrong order"},
           {refusal_of_key(""), "k.pem: holds no private key"},
           {refusal_of_key(certificate), "k.pem: holds no private key"},
           {refusal_of_key(key.substr(0, key.size() / 2)), "k.pem: is damaged"},
           {refusal_of_key(encrypted_key), "k.pem: is encrypted"},
           {refusal_of_key(other_key), "k.pem: does not fit"},
           {refusal(file("c.pem", its_issuer + chained_certificate), file("k.pem", chained_key)),
            "c.pem: the chain is in the wrong order: certificate 2 in it did not issue"},
       }) {
    EXPECT_TRUE(said.starts_with(expected)) << said << " instead of " << expected;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
  }
  EXPECT_FALSE(tls.not_after()) << "nothing was taken";
}

TEST_F(Certificates, AreRefusedOutsideTheirTime) {
  clock.move(from_millis(4'922'000'000'000) - clock.now());  // 2125-12-20
  EXPECT_EQ(refusal_of_key(key), "");
  clock.move(std::chrono::days(30));
  EXPECT_EQ(refusal_of_key(key), "c.pem: ran out at 2126-01-01T00:00:00.000Z; put a new certificate there");
  clock.move(from_millis(1'577'000'000'000) - clock.now());  // 2019-12-22
  EXPECT_EQ(refusal_of_key(key),
            "c.pem: is not valid before 2020-01-01T00:00:00.000Z; wait, or set this machine's clock");
}

TEST(HstsHeader, IsForTheHostOrForItsSubdomainsToo) {
  const test::ManualClock clock;
  SystemRandom random;
  EXPECT_EQ(Tls(clock, random, Hsts::off).header(), "");
  EXPECT_EQ(Tls(clock, random, Hsts::host).header(), "Strict-Transport-Security: max-age=31536000\r\n");
  EXPECT_EQ(Tls(clock, random, Hsts::all).header(),
            "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n");
}

// ---- Connections

class TlsServer : public ServerFixture {
 protected:
  // A client that has connected, but does not speak TLS yet.
  struct Bare {
    explicit Bare(std::uint16_t port) {
      const bool over_tls = std::exchange(Client::over_tls, false);
      client = std::make_unique<Client>(port);
      Client::over_tls = over_tls;
    }
    std::unique_ptr<Client> client;
  };
  void start_tls() {
    use_tls();
    start();
  }
  std::string refusal_of(const TlsClient::Offer& offer) {
    const Bare bare(port);
    const TlsClient tls_client(bare.client->descriptor(), offer);
    return tls_client.connected() ? "" : tls_client.error();
  }
  // Whether a ticket resumes; leaves the next one in it.
  bool resumes(std::string& ticket, int version) {
    const Bare bare(port);
    TlsClient client(bare.client->descriptor(), {.version = version, .ticket = ticket});
    EXPECT_TRUE(client.connected()) << client.error();
    client.send(get("/a", "Connection: close\r\n"));
    char answer[4096];
    while (client.receive(answer, sizeof answer) > 0) {
    }
    ticket = client.ticket();
    return client.resumed();
  }
};

TEST_F(TlsServer, SpeaksTls12And13AndChoosesHttp11) {
  start_tls();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) EXPECT_EQ(refusal_of({.version = version}), "");
  EXPECT_EQ(refusal_of({.protocols = "\x02h2\x08http/1.1"}), "");
  EXPECT_EQ(refusal_of({.protocols = "\x02h2"}), "tlsv1 alert no application protocol");
  EXPECT_EQ(refusal_of({.protocols = "\x08http/1.0\x02h2"}), "tlsv1 alert no application protocol");
}

TEST_F(TlsServer, ResumesWithTicketsOfTheCurrentKeyAndTheOneBefore) {
  start_tls();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    std::string first;
    EXPECT_FALSE(resumes(first, version));
    auto next = first;
    EXPECT_TRUE(resumes(next, version));
    clock.move(11h);
    auto old = first;
    EXPECT_TRUE(resumes(old, version)) << "the key is changed after 12 hours";
    clock.move(2h);
    old = first;
    EXPECT_TRUE(resumes(old, version)) << "the key before is kept";
    next = old;
    EXPECT_TRUE(resumes(next, version)) << "a ticket of the new key";
    clock.move(12h);
    EXPECT_FALSE(resumes(first, version)) << "only two are kept";
    EXPECT_TRUE(resumes(old, version)) << "which was replaced in time";
    clock.move(48h);
    EXPECT_FALSE(resumes(old, version));
  }
}

TEST_F(TlsServer, OpenConnectionsAndTicketsSurviveANewCertificate) {
  start_tls();
  Client before(port);
  std::string ticket;
  resumes(ticket, TLS1_3_VERSION);
  ASSERT_TRUE(tls.use(file("c.pem", other_certificate), file("k.pem", other_key)));
  before.send(get("/a"));
  EXPECT_EQ(before.answer(), "200 GET /a ");
  EXPECT_TRUE(resumes(ticket, TLS1_3_VERSION));
  Client after(port);
  after.send(get("/a"));
  EXPECT_EQ(after.answer(), "200 GET /a ");
  const auto name = [](Client& client) {
    char text[64] = {};
    X509* const shown = SSL_get1_peer_certificate(client.tls().ssl());
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, text, sizeof text);
    X509_free(shown);
    return std::string(text);
  };
  EXPECT_EQ(name(before), "one");
  EXPECT_EQ(name(after), "two");
}

TEST_F(TlsServer, SendsHstsWithEveryResponse) {
  options.connections_max = 1;
  start_tls();
  const std::string line = "\r\nStrict-Transport-Security: max-age=31536000; includeSubDomains\r\n";
  Client first(port, 0, 2);
  for (const auto& request : {get("/a"), get("/forgets"), get("/forbidden"), "broken\n"s}) {
    first.send(request);
    const auto head = first.head();
    EXPECT_NE(head.find(line), std::string::npos) << head;
    while (head.find("Content-Length: 0") == std::string::npos && !first.has_input()) first.receive();
    first.drop_input();
    if (request == "broken\n") break;
  }
  Client second(port);
  const auto refused = second.head();
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  EXPECT_NE(refused.find(line), std::string::npos) << refused;
}

TEST_F(TlsServer, AnswersPlainHttpWithOneRefusalWithoutHsts) {
  start_tls();
  for (const auto& request :
       {get("/a"), "\r\n"s + get("/a"), get("/a") + get("/b"), "G"s, post("/a", std::string(100'000, 'x'))}) {
    const Bare bare(port);
    bare.client->send(request);
    const auto answer = bare.client->rest();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nbad-request")) << answer;
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << answer;
    EXPECT_EQ(answer.find("Strict-Transport"), std::string::npos) << answer;
  }
  EXPECT_EQ(application.served, 0);
}

TEST_F(TlsServer, DoesNotWaitForHandshakes) {
  options.limits.handshake_time_max = 300ms;
  options.limits.header_time_max = 1h;
  start_tls();
  const Bare silent(port), slow(port);
  slow.client->send("\x16\x03\x01");
  EXPECT_EQ(silent.client->rest(), "");
  EXPECT_EQ(slow.client->rest(), "");
}

// OpenSSL reads on inside one call while KeyUpdates come: without a limit one client could occupy a worker for ever.
TEST_F(TlsServer, TakesThirtyTwoKeyUpdatesInARow) {
  start_tls();
  for (const int kind : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
    Client client(port);
    for (int round = 0; round < 3; ++round) {
      ASSERT_TRUE(client.tls().update_keys(kind, 32));
      client.send(get("/a"));
      EXPECT_EQ(client.answer(), "200 GET /a ") << "data begins a new row";
    }
    ASSERT_TRUE(client.tls().update_keys(kind, 33));
    client.send(get("/a"));
    EXPECT_EQ(client.rest(), "");
  }
}

TEST_F(TlsServer, CutsAFloodOfKeyUpdatesAndServesOthers) {
  options.workers = 1;
  start_tls();
  for (const int kind : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
    Client flood(port), other(port);
    const std::jthread flooding([&] { EXPECT_FALSE(flood.tls().update_keys(kind, 1'000'000)); });
    for (int i = 0; i < 20; ++i) {
      other.send(get("/a"));
      ASSERT_EQ(other.answer(), "200 GET /a ");
    }
  }
}

TEST_F(TlsServer, CutsAHandshakeOfTooManyRecords) {
  options.limits.handshake_time_max = 1h;
  start_tls();
  const Bare bare(port);
  std::string greeting;
  for (const char byte :
       "\x01\x00\xff\xff"s + std::string(100, 'x')) {  // a ClientHello of 64 KiB, a byte in each record
    greeting += "\x16\x03\x01\x00\x01"s + byte;
  }
  bare.client->send(greeting);
  EXPECT_EQ(bare.client->rest(), "");
}

TEST_F(TlsServer, HalfOpenHandshakesCountAndGiveWay) {
  options.connections_max = 2;
  start_tls();
  const Bare silent(port);
  Client busy(port);
  busy.send(get("/keep"));
  const auto exchange = application.wait_for_held();
  Client other(port, 0, 2);
  other.send(get("/a"));
  EXPECT_EQ(other.answer(), "200 GET /a ");
  EXPECT_EQ(silent.client->rest(), "");
  exchange->reply(text("done"));
  EXPECT_EQ(busy.answer(), "200 done");
}

TEST_F(TlsServer, StopsAtOnceWhileHandshakesAreOpen) {
  options.shutdown_grace = 1h;
  start_tls();
  const Bare silent(port), slow(port);
  slow.client->send("\x16\x03\x01");
  Client idle(port);
  idle.send(get("/a"));
  EXPECT_EQ(idle.answer(), "200 GET /a ");
  stop();
  EXPECT_EQ(silent.client->rest(), "");
  EXPECT_EQ(slow.client->rest(), "");
  EXPECT_EQ(idle.rest(), "");
}

TEST_F(TlsServer, ShowsWhetherAResponseIsComplete) {
  options.limits.keep_alive_max = 300ms;
  start_tls();
  {
    Client idle(port);
    idle.send(get("/a"));
    EXPECT_EQ(idle.answer(), "200 GET /a ");
    EXPECT_EQ(idle.rest(), "");
    EXPECT_TRUE(idle.tls().ended_in_order());
  }
  for (const auto& [request, whole] : {std::pair{get("/a", "Connection: close\r\n"), true},
                                       {"GET /list?3 HTTP/1.0\r\n\r\n"s, true},
                                       {"GET /breaks HTTP/1.0\r\n\r\n"s, false}}) {
    Client client(port);
    client.send(request);
    client.rest();
    EXPECT_EQ(client.tls().ended_in_order(), whole) << request;
  }
}

// A client could wait for ever for what the server has read from the kernel with an earlier record.
TEST_F(TlsServer, ReadsAllRecordsThatCameTogether) {
  start_tls();
  Client client(port);
  std::string body(60'000, 'b');
  client.send(post("/big", body) + get("/next"));
  EXPECT_EQ(client.answer(), "200 POST /big " + body);
  EXPECT_EQ(client.answer(), "200 GET /next ");
}

}  // namespace
}  // namespace integrity::http
