// Parses the head of a request, strictly: what two parsers could read differently is refused, so that a proxy before
// this server cannot be made to see other requests than the server sees (RFC 9112 §11.2).
//
//   HeadScan scan;                                  // one for each request; bytes arrive in pieces
//   if (scan.search(arrived) == HeadScan::Found::complete) {
//     Result<Head> head = parse_head(arrived.substr(0, scan.size()), 100);
//   }
//
// Views in the result point into the text that was parsed.
//
// Refused with bad_request: bare LF, CR inside a line, folded lines, control characters, white space around a name, a
// Content-Length that is not one plain number, Transfer-Encoding together with it or in HTTP/1.0, a missing, repeated
// or malformed Host, two Authorization headers, versions other than 1.0 and 1.1, fragments, CONNECT. With
// headers_too_large: more than `fields_max` fields. With not_implemented: transfer codings other than "chunked".
#pragma once
#include <cstddef>
#include <string_view>

#include "base/result.hpp"
#include "http/message.hpp"

namespace integrity::http {

// How the connection has to treat the message. The application does not see this.
struct Framing {
  bool http_1_0 = false;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
};

struct Head {
  Request request;  // without peer, request_id and body
  Framing framing;
};

class HeadScan {
 public:
  enum class Found { more, complete, broken };
  // `arrived` begins where the request begins and only grows from call to call. A line that ends in a bare LF is
  // `broken` at once: its sender will never send the empty line that the server would wait for.
  Found search(std::string_view arrived);
  std::size_t size() const { return line_; }  // of the complete head, the empty line included

 private:
  std::size_t line_ = 0;      // where the line being searched begins
  std::size_t searched_ = 0;  // bytes that have been searched
};

Result<Head> parse_head(std::string_view head, std::size_t fields_max);

}  // namespace integrity::http
