#include "http/render.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "base/log.hpp"
#include "http/ascii.hpp"

namespace integrity::http {
namespace {

std::string_view status_line(int status) {
  switch (status) {
    case 200:
      return "HTTP/1.1 200 OK\r\n";
    case 201:
      return "HTTP/1.1 201 Created\r\n";
    case 202:
      return "HTTP/1.1 202 Accepted\r\n";
    case 204:
      return "HTTP/1.1 204 No Content\r\n";
    case 301:
      return "HTTP/1.1 301 Moved Permanently\r\n";
    case 302:
      return "HTTP/1.1 302 Found\r\n";
    case 303:
      return "HTTP/1.1 303 See Other\r\n";
    case 304:
      return "HTTP/1.1 304 Not Modified\r\n";
    case 307:
      return "HTTP/1.1 307 Temporary Redirect\r\n";
    case 308:
      return "HTTP/1.1 308 Permanent Redirect\r\n";
    case 400:
      return "HTTP/1.1 400 Bad Request\r\n";
    case 401:
      return "HTTP/1.1 401 Unauthorized\r\n";
    case 403:
      return "HTTP/1.1 403 Forbidden\r\n";
    case 404:
      return "HTTP/1.1 404 Not Found\r\n";
    case 405:
      return "HTTP/1.1 405 Method Not Allowed\r\n";
    case 406:
      return "HTTP/1.1 406 Not Acceptable\r\n";
    case 408:
      return "HTTP/1.1 408 Request Timeout\r\n";
    case 409:
      return "HTTP/1.1 409 Conflict\r\n";
    case 412:
      return "HTTP/1.1 412 Precondition Failed\r\n";
    case 413:
      return "HTTP/1.1 413 Content Too Large\r\n";
    case 415:
      return "HTTP/1.1 415 Unsupported Media Type\r\n";
    case 421:
      return "HTTP/1.1 421 Misdirected Request\r\n";
    case 422:
      return "HTTP/1.1 422 Unprocessable Content\r\n";
    case 428:
      return "HTTP/1.1 428 Precondition Required\r\n";
    case 429:
      return "HTTP/1.1 429 Too Many Requests\r\n";
    case 431:
      return "HTTP/1.1 431 Request Header Fields Too Large\r\n";
    case 500:
      return "HTTP/1.1 500 Internal Server Error\r\n";
    case 501:
      return "HTTP/1.1 501 Not Implemented\r\n";
    case 503:
      return "HTTP/1.1 503 Service Unavailable\r\n";
    default:
      return {};
  }
}

constexpr std::string_view on_every_response =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

constexpr std::string_view nothing_allowed = "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";

void append(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_status(std::string& out, int status) {
  if (const auto line = status_line(status); !line.empty()) {
    out += line;
    return;
  }
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(status));
  out += " \r\n";  // the reason may be empty, but the space before it is required: RFC 9112 §4
}

bool append_own(std::string& out, const Reply& reply, std::string_view request_id) {
  bool brings_policy = false;
  for (const auto& [name, value] : reply.headers) {
    if (!all_of(value, value_characters)) {
      log::event("http.header.dropped", {{"request_id", request_id}, {"name", name}});
      continue;
    }
    brings_policy = brings_policy || equal_ignoring_case(name, "content-security-policy");
    append(out, name, value);
  }
  return brings_policy;
}

void append_content(std::string& out, const Reply& reply, const Envelope& envelope) {
  if (!has_content(reply.status)) return;
  if (reply.stream) {
    append(out, "Content-Type", reply.content_type);
    // HTTP/1.0 has no chunks: the end of the connection ends the body.
    if (!envelope.http_1_0) out += "Transfer-Encoding: chunked\r\n";
    return;
  }
  if (!reply.body.empty()) append(out, "Content-Type", reply.content_type);
  out += "Content-Length: ";
  append_number(out, reply.body.size());
  out += "\r\n";
}

}  // namespace

bool has_content(int status) {
  return status >= 200 && status != 204 && status != 304;
}

void render_head(std::string& out, const Reply& reply, const Envelope& envelope) {
  append_status(out, reply.status);
  append(out, "Date", envelope.date);
  append_content(out, reply, envelope);
  const bool brings_policy = append_own(out, reply, envelope.request_id);
  append(out, "X-Request-Id", envelope.request_id);
  out += on_every_response;
  out += envelope.of_transport;
  if (!brings_policy) out += nothing_allowed;
  if (!envelope.keep_alive) out += "Connection: close\r\n";
  if (envelope.keep_alive && envelope.http_1_0) out += "Connection: keep-alive\r\n";
  out += "\r\n";
}

std::string http_date(std::int64_t unix_seconds) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  const std::time_t seconds = unix_seconds;
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text;
  // Not strftime, whose names depend on the locale.
  const int size = std::snprintf(
      text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[static_cast<unsigned>(utc.tm_wday)],
      utc.tm_mday, months[static_cast<unsigned>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace integrity::http
