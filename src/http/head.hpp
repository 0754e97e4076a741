// The head of a request, read strictly: whatever two readers could understand differently is
// refused, so that nobody in front of this server can be made to see other requests than it does
// (RFC 9112 §11.2).
//
//   HeadScan scan;                                  // one per request; bytes arrive in pieces
//   if (scan.look(arrived) == HeadScan::Found::complete) {
//     Result<Head> head = parse_head(arrived.substr(0, scan.size()), 100);
//   }
//
// Views in the result point into the text that was parsed. Refused with bad_request unless said
// otherwise: bare LF, CR inside a line, folded lines, control characters, white space around a
// name, more than `fields_max` fields (headers_too_large), a Content-Length that is not one plain
// number, Transfer-Encoding beside it or on HTTP/1.0 or other than "chunked" (not_implemented if it
// is another coding), a missing, repeated or impossible Host, two Authorization headers, versions
// other than 1.0 and 1.1, fragments, CONNECT.
#pragma once
#include <cstddef>
#include <string_view>

#include "base/result.hpp"
#include "http/message.hpp"

namespace integrity::http {

// How the connection has to treat the message, beside what the application sees.
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
  // `arrived` begins where the request begins and only grows from call to call. Lines that end in a
  // bare LF are `broken` at once: their sender will never send the empty line we would be waiting
  // for.
  Found look(std::string_view arrived);
  std::size_t size() const { return line_; }  // of the complete head, the empty line included

 private:
  std::size_t line_ = 0;    // where the line being looked at begins
  std::size_t looked_ = 0;  // everything before has no LF that we have not seen
};

Result<Head> parse_head(std::string_view head, std::size_t fields_max);

}  // namespace integrity::http
