// A request as the server gives it to the application, and a reply as the application gives it back. Plain values.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace integrity::http {

enum class Method : std::uint8_t { get, head, post, put, del, patch, options, trace, connect, other };
inline constexpr std::size_t method_count = static_cast<std::size_t>(Method::other) + 1;
std::string_view to_string(Method method);

// The peer of a connection, or the client that a trusted proxy names.
struct Address {
  std::array<std::uint8_t, 16> bytes{};  // IPv4 as ::ffff:a.b.c.d
  bool v4() const;
  std::string text() const;
  // The network that is counted as one client: /24 of IPv4, /64 of IPv6. As text: "192.0.2.0/24".
  std::string network() const;
  static std::optional<Address> parse(std::string_view text);  // no port, no brackets
  bool operator==(const Address&) const = default;
};

struct Header {
  std::string_view name;   // as sent
  std::string_view value;  // without surrounding white space
};

// Views point into the connection's buffer: valid until the reply is given.
struct Request {
  Method method = Method::get;
  std::string_view path;       // percent-encoded; begins with '/', or is "*" (OPTIONS only)
  std::string_view query;      // without '?'
  std::string_view authority;  // the host of the target or, without one, of the Host header; may have a port
  std::vector<Header> headers;
  std::string_view body;                        // empty while only the head is known
  std::optional<std::uint64_t> content_length;  // nothing for a chunked body or none
  bool has_body = false;                        // Content-Length above 0, or chunked
  Address peer;
  std::string request_id;
  // When the head arrived; for a body that came later, when that was complete.
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();

  // First header of that name (any case), or nothing.
  std::optional<std::string_view> header(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  // All headers of that name, joined to one list (RFC 9110 §5.3), or nothing.
  std::optional<std::string> list(std::string_view name) const;
};

// Appends the next part of a long body to `out`, about `part_bytes` of it; false after the last part. Called when the
// kernel has taken the part before, so that a client that does not read costs the memory of one part, however long the
// body is.
using BodySource = std::function<bool(std::string& out)>;
inline constexpr std::size_t part_bytes = 64 * 1024;

// Names are static text.
using Headers = std::vector<std::pair<std::string_view, std::string>>;

struct Reply {
  int status = 200;
  std::string_view content_type = "application/json";  // static text; not sent when there is no body
  Headers headers;
  std::string body;
  BodySource stream;  // instead of body
  // Makes the parts of `stream` on another thread: runs the job there, later, or drops it. Empty: parts are made on the
  // connection's thread.
  std::function<void(std::function<void()> job)> stream_on;
  bool close = false;                // end the connection after this reply
  std::optional<Code> problem = {};  // what the reply reports, for the counts

  Reply& with(std::string_view name, std::string value) {
    headers.emplace_back(name, std::move(value));
    return *this;
  }
};

}  // namespace integrity::http
