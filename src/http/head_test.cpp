#include "http/head.hpp"

#include <gtest/gtest.h>

#include <random>

#include "http/test_beast.hpp"

namespace integrity::http {
namespace {

using namespace std::string_literals;

std::string get(const std::string& fields) {
  return "GET / HTTP/1.1\r\n" + fields + "\r\n";
}
std::string hosted(const std::string& fields) {
  return get("Host: a\r\n" + fields);
}

std::string verdict(const std::string& head) {
  const auto result = parse_head(head, 100);
  return result.has_value() ? "ok" : std::string(info(result.error().code).slug);
}

TEST(Head, RefusesWhatTwoParsersCouldReadDifferently) {
  const struct {
    std::string head;
    const char* expected;
  } cases[] = {
      // Lines.
      {"GET / HTTP/1.1\nHost: a\n\n", "bad-request"},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n", "bad-request"},
      {hosted("X: a\rb\r\n"), "bad-request"},
      {hosted("X: a\r\r\n"), "bad-request"},
      {hosted("X: a\r\n b\r\n"), "bad-request"},
      {hosted("X: a\r\n\tb\r\n"), "bad-request"},
      {get(" Host: a\r\n"), "bad-request"},
      {hosted("X: a\0b\r\n"s), "bad-request"},
      {hosted("X: a\x7f\r\n"), "bad-request"},
      {hosted("X: a\x1b[0m\r\n"), "bad-request"},
      {hosted("X : a\r\n"), "bad-request"},
      {hosted("X\t: a\r\n"), "bad-request"},
      {hosted(": a\r\n"), "bad-request"},
      {hosted("no colon\r\n"), "bad-request"},
      {hosted("X(y): a\r\n"), "bad-request"},
      {hosted("X\xc3\xa9: a\r\n"), "bad-request"},
      {hosted("X: a\tb \xc3\xa9\r\n"), "ok"},
      {hosted("X:\r\n"), "ok"},
      // The request line.
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "bad-request"},
      {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET / a HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET /\r\nHost: a\r\n\r\n", "bad-request"},
      {"G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET /#top HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"\r\n\r\n", "bad-request"},
      {"", "bad-request"},
      {"GET / HTTP/1.1\r\nHost: a\r\n", "bad-request"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\nmore", "bad-request"},
      // Versions.
      {"GET / HTTP/1.0\r\n\r\n", "ok"},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET / http/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"PRI * HTTP/2.0\r\n\r\n", "bad-request"},
      // Host.
      {get(""), "bad-request"},
      {hosted("Host: a\r\n"), "bad-request"},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "bad-request"},
      {get("Host: a:8080\r\n"), "ok"},
      {get("Host: [::1]:8080\r\n"), "ok"},
      {get("Host: [::1]\r\n"), "ok"},
      {get("Host: [::1\r\n"), "bad-request"},
      {get("Host: [::1]x\r\n"), "bad-request"},
      {get("Host: []\r\n"), "bad-request"},
      {get("Host:\r\n"), "bad-request"},
      {get("Host: a b\r\n"), "bad-request"},
      {get("Host: a/b\r\n"), "bad-request"},
      {get("Host: u@a\r\n"), "bad-request"},
      {get("Host: a, b\r\n"), "bad-request"},
      {get("Host: a:80a\r\n"), "bad-request"},
      {get("Host: a:123456\r\n"), "bad-request"},
      // Content-Length.
      {hosted("Content-Length: 5\r\n"), "ok"},
      {hosted("Content-Length: 5\r\nContent-Length: 5\r\n"), "bad-request"},
      {hosted("Content-Length: 5\r\ncontent-length: 6\r\n"), "bad-request"},
      {hosted("Content-Length: 5, 5\r\n"), "bad-request"},
      {hosted("Content-Length: +5\r\n"), "bad-request"},
      {hosted("Content-Length: -5\r\n"), "bad-request"},
      {hosted("Content-Length: 0x5\r\n"), "bad-request"},
      {hosted("Content-Length: 5 5\r\n"), "bad-request"},
      {hosted("Content-Length: 5a\r\n"), "bad-request"},
      {hosted("Content-Length:\r\n"), "bad-request"},
      {hosted("Content-Length: 18446744073709551621\r\n"), "bad-request"},
      {hosted("Content-Length : 5\r\n"), "bad-request"},
      // Transfer-Encoding.
      {hosted("Transfer-Encoding: chunked\r\n"), "ok"},
      {hosted("transfer-encoding: CHUNKED\r\n"), "ok"},
      {hosted("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), "bad-request"},
      {hosted("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n"), "bad-request"},
      {hosted("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "bad-request"},
      {hosted("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), "bad-request"},
      {hosted("Transfer-Encoding: chunked, chunked\r\n"), "bad-request"},
      {hosted("Transfer-Encoding: chunked, gzip\r\n"), "bad-request"},
      {hosted("Transfer-Encoding: chunked;q=1\r\n"), "bad-request"},
      {hosted("Transfer-Encoding: chunked,\r\n"), "bad-request"},
      {hosted("Transfer-Encoding: \"chunked\"\r\n"), "bad-request"},
      {hosted("Transfer-Encoding:\r\n"), "bad-request"},
      {hosted("Transfer-Encoding: \x0b"
              "chunked\r\n"),
       "bad-request"},
      {hosted("Transfer-Encoding: gzip\r\n"), "not-implemented"},
      {hosted("Transfer-Encoding: gzip, chunked\r\n"), "not-implemented"},
      {hosted("Transfer-Encoding: xchunked\r\n"), "not-implemented"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "bad-request"},
      // Connection and credentials.
      {hosted("Connection: , close ,\r\n"), "ok"},
      {hosted("Connection: ;close\r\n"), "bad-request"},
      {hosted("Connection: clo se\r\n"), "bad-request"},
      {hosted("Authorization: Bearer a\r\n"), "ok"},
      {hosted("Authorization: Bearer a\r\nauthorization: Bearer b\r\n"), "bad-request"},
      // Targets.
      {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "bad-request"},
      {"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "ok"},
      {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
      {"GET http://u:p@a/b HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request"},
  };
  for (const auto& [head, expected] : cases) EXPECT_EQ(verdict(head), expected) << head;
}

TEST(Head, ReadsTargetsOfEverySupportedForm) {
  constexpr struct {
    const char* target;
    const char* path;
    const char* query;
  } cases[] = {
      {"/", "/", ""},
      {"/a/b%2Fc", "/a/b%2Fc", ""},
      {"/a?b=c?d", "/a", "b=c?d"},
      {"//a", "//a", ""},
      {"http://example.org/a?b", "/a", "b"},
      {"HTTPS://[::1]:8080/a", "/a", ""},
      {"http://example.org", "/", ""},
      {"http://example.org?b=/c", "/", "b=/c"},
  };
  for (const auto& [target, path, query] : cases) {
    const auto head = "GET "s + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto result = parse_head(head, 100);
    ASSERT_TRUE(result.has_value()) << target;
    EXPECT_EQ(result->request.path, path);
    EXPECT_EQ(result->request.query, query);
  }
}

TEST(Head, ReadsTheHostOfTheRequest) {
  const auto host = [](const std::string& head) { return std::string(parse_head(head, 100)->request.authority); };
  EXPECT_EQ(host("GET / HTTP/1.1\r\nHost: a:80\r\n\r\n"), "a:80");
  EXPECT_EQ(host("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"), "b") << "RFC 9112 §3.2.2";
  EXPECT_EQ(host("GET / HTTP/1.0\r\n\r\n"), "");
}

TEST(Head, SaysWhatToPercentEncode) {
  const auto why = [](const std::string& target) {
    return parse_head("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n", 100).error().detail;
  };
  EXPECT_NE(why("/caf\xc3\xa9").find("percent-encode their UTF-8"), std::string::npos);
  EXPECT_NE(why("/a b").find("%20"), std::string::npos);
}

TEST(Head, ReadsMethodsByTheirExactName) {
  const auto method = [](const std::string& name) {
    const auto head = name + " / HTTP/1.1\r\nHost: a\r\n\r\n";
    return parse_head(head, 100)->request.method;
  };
  EXPECT_EQ(method("DELETE"), Method::del);
  EXPECT_EQ(method("PATCH"), Method::patch);
  EXPECT_EQ(method("TRACE"), Method::trace);
  EXPECT_EQ(method("get"), Method::other);
  EXPECT_EQ(method("BREW"), Method::other);
}

TEST(Head, SaysHowTheMessageIsFramed) {
  const struct {
    std::string head;
    bool keep_alive, chunked, expects, has_body;
  } cases[] = {
      {hosted(""), true, false, false, false},
      {hosted("Connection: x, Close\r\n"), false, false, false, false},
      {hosted("Connection: keep-alive\r\nConnection: close\r\n"), false, false, false, false},
      {"GET / HTTP/1.0\r\n\r\n", false, false, false, false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true, false, false, false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false, false, false, false},
      {"GET / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", false, false, false, true},
      {hosted("Expect: 100-Continue\r\nContent-Length: 1\r\n"), true, false, true, true},
      {hosted("Content-Length: 0\r\n"), true, false, false, false},
      {hosted("Transfer-Encoding: chunked\r\n"), true, true, false, true},
  };
  for (const auto& [head, keep_alive, chunked, expects, has_body] : cases) {
    const auto result = parse_head(head, 100);
    ASSERT_TRUE(result.has_value()) << head;
    EXPECT_EQ(result->framing.keep_alive, keep_alive) << head;
    EXPECT_EQ(result->framing.chunked, chunked) << head;
    EXPECT_EQ(result->framing.expects_continue, expects) << head;
    EXPECT_EQ(result->request.has_body, has_body) << head;
  }
}

TEST(Head, LimitsTheNumberOfFields) {
  std::string fields;
  for (int i = 0; i < 99; ++i) fields += "X: 1\r\n";
  EXPECT_EQ(verdict(hosted(fields)), "ok");
  EXPECT_EQ(verdict(hosted(fields + "X: 1\r\n")), "headers-too-large");
}

TEST(HeadScan, FindsTheEndOfAHeadThatArrivesInAnyPieces) {
  const auto text = hosted("X: 1\r\n") + "next";
  for (std::size_t first = 0; first < text.size(); ++first) {
    HeadScan scan;
    const std::string_view whole = text;
    const auto expected = first < text.size() - 4 ? HeadScan::Found::more : HeadScan::Found::complete;
    ASSERT_EQ(scan.search(whole.substr(0, first)), expected);
    if (expected == HeadScan::Found::more) {
      ASSERT_EQ(scan.search(whole), HeadScan::Found::complete);
    }
    EXPECT_EQ(scan.size(), text.size() - 4);
  }
}

TEST(HeadScan, DoesNotWaitForTheEndOfABrokenHead) {
  HeadScan scan;
  EXPECT_EQ(scan.search("GET / HTTP/1.1\n"), HeadScan::Found::broken);
}

TEST(Head, IsReadAsAnotherParserReadsIt) {
  const std::string seeds[] = {
      hosted("X-A: 1\r\nConnection: close\r\nContent-Length: 12\r\n"),
      hosted("Transfer-Encoding: chunked\r\nAccept: */*;q=0.1\r\n"),
      "POST http://a:1/b?c=%20 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  };
  const std::string_view alphabet =
      "\r\n\t :,;\0a1%/?#\x7f\xc3-[]\""
      "chunked";
  std::mt19937 random(1);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto text = seeds[below(std::size(seeds))];
    for (auto changes = below(3); changes-- > 0;) {
      const auto at = below(text.size());
      switch (below(3)) {
        case 0:
          text[at] = alphabet[below(alphabet.size())];
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, alphabet[below(alphabet.size())]);
      }
    }
    const auto result = parse_head(text, 100);
    if (!result.has_value()) continue;
    ++accepted;
    EXPECT_EQ(beast_disagrees(text, *result), "") << text;
  }
  EXPECT_GT(accepted, 5'000);
}

}  // namespace
}  // namespace integrity::http
