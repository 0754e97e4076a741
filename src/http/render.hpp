// A reply as bytes: status line and headers. The body is the connection's business.
#pragma once
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace integrity::http {

// What is known beside the reply itself.
struct Envelope {
  std::string_view date;  // RFC 9110 §5.6.7
  std::string_view request_id;
  bool http_1_0 = false;
  bool keep_alive = true;
};

// 1xx, 204 and 304 have neither a body nor a length (RFC 9110 §8.6).
bool has_content(int status);

// Appends the head of `reply`, the empty line included. A header whose value holds CR, LF or NUL is
// left out and logged: what an application lets through from outside must not become headers of its
// own.
void render_head(std::string& out, const Reply& reply, const Envelope& envelope);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::int64_t unix_seconds);

}  // namespace integrity::http
