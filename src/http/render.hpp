// Writes the head of a reply: status line and headers. The connection writes the body.
#pragma once
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace integrity::http {

// What the head needs besides the reply.
struct Envelope {
  std::string_view date;  // RFC 9110 §5.6.7
  std::string_view request_id;
  bool http_1_0 = false;
  bool keep_alive = true;
  std::string_view of_transport = {};  // a header line with CR LF, or nothing
};

// 1xx, 204 and 304 have neither a body nor a length (RFC 9110 §8.6).
bool has_content(int status);

// Appends the head of `reply` with its empty line. A header whose value holds CR, LF, NUL or another control character
// is left out and logged, so that text from outside cannot become a header.
void render_head(std::string& out, const Reply& reply, const Envelope& envelope);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::int64_t unix_seconds);

}  // namespace integrity::http
