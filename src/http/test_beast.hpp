// For tests: compares what this server reads with what Beast reads, which was written independently from the same RFCs.
#pragma once
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "http/asio.hpp"  // before Beast: it configures Asio

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/ascii.hpp"
#include "http/head.hpp"

namespace integrity::http {

// What Beast reads differently in `text`, which this server accepted as `head`. Empty if they agree.
inline std::string beast_disagrees(std::string_view text, const Head& head) {
  namespace beast = boost::beast::http;
  beast::request_parser<beast::empty_body> parser;
  parser.header_limit(1 << 20);
  parser.body_limit(boost::none);
  parser.skip(true);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(text), error);
  if (error) return error.message();
  if (!parser.is_header_done()) return "the head is not complete";
  if (parser.keep_alive() != head.framing.keep_alive) return "keep-alive";
  if (parser.chunked() != head.framing.chunked) return "chunked";
  if (head.request.content_length && parser.content_length().value_or(0) != *head.request.content_length) {
    return "content length";
  }
  const auto& theirs = parser.get();
  std::ptrdiff_t left = std::distance(theirs.begin(), theirs.end());
  for (auto ours = head.request.headers.begin(); ours != head.request.headers.end(); ++ours, --left) {
    // Beast groups fields of one name, so only the order within a name can be compared.
    const auto earlier = std::count_if(head.request.headers.begin(), ours, [&](const Header& other) {
      return equal_ignoring_case(other.name, ours->name);
    });
    const auto [first, last] = theirs.equal_range(ours->name);
    if (std::distance(first, last) <= earlier) return "no field " + std::string(ours->name);
    const auto& field = *std::next(first, earlier);
    if (std::string_view(field.name_string()) != ours->name) return "the name of " + std::string(ours->name);
    if (std::string_view(field.value()) != ours->value) return "the value of " + std::string(ours->name);
  }
  return left == 0 ? "" : "another number of fields";
}

}  // namespace integrity::http
