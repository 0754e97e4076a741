#include "http/chunked.hpp"

#include <algorithm>

#include "http/test_beast.hpp"
#include "testing/fuzzing.hpp"

namespace integrity::http {
namespace {

using fuzzing::holds;

struct Outcome {
  std::string body;
  std::size_t used = 0;
  bool done = false;
  std::optional<Code> refused;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(std::string_view input, std::size_t step, std::size_t body_bytes_max) {
  ChunkedDecoder decoder;
  Outcome outcome;
  while (outcome.used < input.size() && !decoder.done()) {
    const auto piece = input.substr(outcome.used, step);
    const auto used = decoder.feed(piece, outcome.body, body_bytes_max);
    if (!used) {
      outcome.refused = used.error().code;
      outcome.used = 0;  // has no meaning for a refused body
      return outcome;
    }
    holds(*used == piece.size() || decoder.done(), "everything is used until the body ends");
    outcome.used += *used;
  }
  outcome.done = decoder.done();
  return outcome;
}

std::string encode(std::string_view body, std::size_t step) {
  std::string out;
  for (; !body.empty(); body.remove_prefix(std::min(step, body.size()))) {
    char size[20];
    std::snprintf(size, sizeof size, "%zX\r\n", std::min(step, body.size()));
    out += size + std::string(body.substr(0, step)) + "\r\n";
  }
  return out + "0\r\n\r\n";
}

// Beast is stricter about extensions and less strict elsewhere: if it accepts a body, it must read the same body.
void beast_agrees(std::string_view input, const Outcome& ours) {
  namespace beast = boost::beast::http;
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string text = head + std::string(input);
  beast::request_parser<beast::string_body> parser;
  parser.eager(true);
  parser.header_limit(1 << 20);
  parser.body_limit(boost::none);
  boost::system::error_code error;
  std::size_t used = 0;
  while (!error && !parser.is_done() && used < text.size()) {
    const auto more = parser.put(boost::asio::buffer(text.data() + used, text.size() - used), error);
    if (more == 0) return;
    used += more;
  }
  if (error || !parser.is_done()) return;
  holds(parser.get().body() == ours.body, "Beast reads the same body");
  holds(used == head.size() + ours.used, "and ends at the same byte");
}

FUZZ_TARGET(chunked) {
  const std::size_t step = 1 + fuzzing::take_byte(input) % 64U;
  const std::size_t limit = fuzzing::take_byte(input) * 16U;
  const auto whole = decode(input, input.size(), limit);
  holds(decode(input, 1, limit) == whole, "a body that arrives byte by byte is the same");
  holds(decode(input, step, limit) == whole, "and one that arrives in pieces");
  holds(whole.body.size() <= limit, "a body stays below its limit");
  if (whole.done) {
    holds(decode(input.substr(0, whole.used), input.size(), limit) == whole,
          "what follows belongs to the next request");
    beast_agrees(input, whole);
  }
  const auto encoded = encode(input, step);
  const auto back = decode(encoded, step, input.size());
  holds(back.done && back.body == input && back.used == encoded.size(),
        "a body that is encoded and decoded is the same body");
}

}  // namespace
}  // namespace integrity::http
