#include "http/chunked.hpp"

#include <gtest/gtest.h>

namespace integrity::http {
namespace {

using namespace std::string_literals;

// "ok <body>|<what was left>", "more", or the slug of the error. `step` bytes at a time.
std::string decode(const std::string& text, std::size_t step = 1'000'000, std::size_t body_max = 1000) {
  ChunkedDecoder decoder;
  std::string body;
  std::size_t at = 0;
  while (at < text.size() && !decoder.done()) {
    const auto used = decoder.feed(std::string_view(text).substr(at, step), body, body_max);
    if (!used.has_value()) return std::string(info(used.error().code).slug);
    at += *used;
  }
  return decoder.done() ? "ok " + body + "|" + text.substr(at) : "more";
}

TEST(ChunkedDecoder, DecodesABodyThatArrivesInAnyPieces) {
  const auto text = "5\r\nhello\r\n0006;name=\"value\"\r\n world\r\n00\r\nX-Trailer: 1\r\n\r\nGET"s;
  for (std::size_t step = 1; step <= text.size(); ++step) {
    EXPECT_EQ(decode(text, step), "ok hello world|GET") << step;
  }
  EXPECT_EQ(decode("0\r\n\r\n"), "ok |");
  EXPECT_EQ(decode("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), "ok 01234567890123456789|");
}

TEST(ChunkedDecoder, RefusesWhatAnotherParserCouldReadDifferently) {
  for (const auto& text : {
           "\r\n"s,
           "x\r\n"s,
           "0x5\r\nhello\r\n"s,
           "+5\r\nhello\r\n"s,
           "-5\r\n"s,
           " 5\r\n"s,
           "5 \r\n"s,
           "5\n"s,
           "5\rx"s,
           "5\r\r\n"s,
           "000000005\r\nhello\r\n"s,
           "fffffffff\r\n"s,
           "5\r\nhello0\r\n"s,
           "5\r\nhello\n0\r\n\r\n"s,
           "5\r\nhello\rx"s,
           "5;a\nb\r\n"s,
           "5;\0\r\n"s,
           "0\r\n\n"s,
           "0\r\n\rx"s,
           "0\r\n folded\r\n"s,
           "0\r\nX: 1\n"s,
           "0\r\nX: \x01\r\n"s,
           "0\r\n: 1\r\n"s,
       }) {
    EXPECT_EQ(decode(text), "bad-request") << text;
  }
}

TEST(ChunkedDecoder, RefusesAChunkAsSoonAsItsSizeIsTooLarge) {
  EXPECT_EQ(decode("5\r\nhello\r\n0\r\n\r\n", 100, 5), "ok hello|");
  EXPECT_EQ(decode("6\r\n", 100, 5), "payload-too-large");
  EXPECT_EQ(decode("5\r\nhello\r\n1\r\n", 100, 5), "payload-too-large");
  EXPECT_EQ(decode("ffffffff\r\n", 100, 5), "payload-too-large");
}

TEST(ChunkedDecoder, LimitsExtensionsAndTrailers) {
  const std::string long_text(ChunkedDecoder::overhead_bytes_max, 'x');
  EXPECT_EQ(decode("1;" + long_text + "\r\n"), "more");
  EXPECT_EQ(decode("1;" + long_text + "x\r\n"), "bad-request");
  EXPECT_EQ(decode("0\r\n" + long_text + ":\r\n"), "bad-request");
  std::string many;
  for (int i = 0; i < 900; ++i) many += "1;0123456789\r\na\r\n";
  EXPECT_EQ(decode(many), "bad-request");
}

}  // namespace
}  // namespace integrity::http
