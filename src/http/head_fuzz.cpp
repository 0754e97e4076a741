#include "http/head.hpp"

#include "http/test_beast.hpp"
#include "testing/fuzzing.hpp"

namespace integrity::http {
namespace {

using fuzzing::holds;

bool within(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

std::string written(const Head& head) {
  std::string text(to_string(head.request.method));
  if (head.request.method == Method::other) text = "BREW";
  text += ' ' + std::string(head.request.path);
  if (!head.request.query.empty()) text += '?' + std::string(head.request.query);
  text += head.framing.http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n";
  for (const auto& field : head.request.headers) {
    text += std::string(field.name) + ": " + std::string(field.value) + "\r\n";
  }
  return text + "\r\n";
}

void same_as(const Head& a, const Head& b) {
  holds(a.request.method == b.request.method && a.request.path == b.request.path && a.request.query == b.request.query,
        "a head that is written and read has the same target");
  holds(a.request.content_length == b.request.content_length && a.request.has_body == b.request.has_body,
        "and the same length");
  holds(a.framing.http_1_0 == b.framing.http_1_0 && a.framing.chunked == b.framing.chunked &&
            a.framing.keep_alive == b.framing.keep_alive && a.framing.expects_continue == b.framing.expects_continue,
        "and the same framing");
  holds(a.request.headers.size() == b.request.headers.size(), "and the same fields");
}

// Finds the end of a head that arrives `step` bytes at a time.
HeadScan::Found search(std::string_view arrived, std::size_t step, std::size_t& size) {
  HeadScan scan;
  auto found = HeadScan::Found::more;
  for (std::size_t sent = 0; sent < arrived.size() && found == HeadScan::Found::more;) {
    sent = std::min(arrived.size(), sent + step);
    found = scan.search(arrived.substr(0, sent));
  }
  size = scan.size();
  return found;
}

FUZZ_TARGET(head) {
  std::size_t size = 0, size_in_pieces = 0;
  const auto found = search(input, std::max<std::size_t>(input.size(), 1), size);
  for (std::size_t step : {std::size_t{1}, std::size_t{7}}) {
    holds(search(input, step, size_in_pieces) == found, "the end of a head is found however it arrives");
    if (found == HeadScan::Found::complete) holds(size_in_pieces == size, "and at the same byte");
  }
  holds(found == HeadScan::Found::complete || !parse_head(input, 100), "a head without an end is refused");
  if (found != HeadScan::Found::complete) return;
  const auto text = input.substr(0, size);
  const auto head = parse_head(text, 100);
  if (size != input.size()) holds(!parse_head(input, 100), "a head followed by other bytes is refused");
  if (!head) return;
  const auto& request = head->request;
  holds(request.path == "*" || request.path.starts_with('/'), "a path begins with a slash");
  holds(request.headers.size() <= 100, "the number of fields is limited");
  holds(!(head->framing.chunked && request.content_length), "one length at most");
  for (const auto& field : request.headers) {
    holds(within(field.name, text) && within(field.value, text), "views point into the text");
    holds(field.value.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos, "values are one line");
  }
  const auto different = beast_disagrees(text, *head);
  holds(different.empty(), ("Beast reads it differently: " + different).c_str());
  const auto copy = written(*head);
  const auto again = parse_head(copy, 100);
  holds(again.has_value(), "a head that is written can be read");
  same_as(*head, *again);
}

}  // namespace
}  // namespace integrity::http
