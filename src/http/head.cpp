#include "http/head.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "http/ascii.hpp"

namespace integrity::http {
namespace {

Error bad(std::string detail) {
  return Error{Code::bad_request, std::move(detail)};
}

// Removes and returns the next line without its CRLF. Nothing if it ends in any other way.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  if (end == std::string_view::npos || end == 0 || rest[end - 1] != '\r') return {};
  const auto line = rest.substr(0, end - 1);
  rest.remove_prefix(end + 1);
  return line;
}

Method method_from(std::string_view name) {
  for (auto method : {Method::get, Method::head, Method::post, Method::put, Method::del, Method::patch, Method::options,
                      Method::trace, Method::connect}) {
    if (name == to_string(method)) return method;
  }
  return Method::other;
}

constexpr auto target_characters = character_table([](char c) { return c > ' ' && c < 0x7f && c != '#'; });

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

constexpr auto name_characters = character_table(
    [](char c) { return is_alnum(c) || std::string_view("-._~!$&'()*+,;=%").find(c) != std::string_view::npos; });

constexpr auto literal_characters = character_table([](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; });

// uri-host [ ":" port ], RFC 9110 §7.2. No user information: it is only used for phishing.
bool is_authority(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    if (!all_of(text.substr(1, end - 1), literal_characters)) return false;
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') return false;
    if (!port.empty()) port.remove_prefix(1);
  } else {
    host = take_until(port = text, ':');
    if (host.empty() || !all_of(host, name_characters)) return false;
  }
  return port.size() <= 5 && std::all_of(port.begin(), port.end(), is_digit);
}

std::optional<std::string_view> without_scheme(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (equal_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      return target.substr(scheme.size());
    }
  }
  return {};
}

// RFC 9112 §3.2: origin, absolute and asterisk form.
Status read_target(std::string_view target, Request& request) {
  if (!is_ascii(target)) {
    return bad(
        "the request target has characters that are not ASCII: percent-encode their UTF-8, \"\u00e9\" as %C3%A9");
  }
  if (target.empty() || !all_of(target, target_characters)) {
    return bad("bad request target: control characters and '#' must be percent-encoded");
  }
  if (request.method == Method::connect) return bad("this server is not a proxy");
  if (target == "*" && request.method == Method::options) {
    request.path = target;
    return {};
  }
  if (auto absolute = without_scheme(target)) {
    const auto authority = absolute->substr(0, absolute->find_first_of("/?"));
    if (!is_authority(authority)) return bad("bad authority in the request target");
    request.authority = authority;
    target = absolute->substr(authority.size());
  } else if (target.front() != '/') {
    return bad("a request target begins with a slash");
  }
  request.path = take_until(target, '?');
  request.query = target;
  if (request.path.empty()) request.path = "/";
  return {};
}

Status read_request_line(std::string_view line, Head& head) {
  const auto method = take_until(line, ' ');
  const auto target = take_until(line, ' ');
  if (!is_token(method)) return bad("bad request line");
  if (line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0")) {
    return bad("the request target has a blank: percent-encode it as %20");
  }
  if (line != "HTTP/1.1" && line != "HTTP/1.0") return bad("bad request line, or not HTTP/1.1");
  head.framing.http_1_0 = line.back() == '0';
  head.framing.keep_alive = !head.framing.http_1_0;
  head.request.method = method_from(method);
  return read_target(target, head.request);
}

// What the header fields say about the message, and the first error in them.
struct Seen {
  bool host = false;
  bool authorization = false;
  bool transfer_encoding = false;
  bool close = false;
  bool keep_alive = false;
  std::optional<Error> error;

  void once(bool& flag, std::string_view name) {
    if (flag) error = bad("more than one " + std::string(name));
    flag = true;
  }
  void fail(Error what) {
    if (!error) error = std::move(what);
  }
};

std::optional<std::uint64_t> plain_number(std::string_view text) {
  std::uint64_t number = 0;
  if (text.empty() || text.size() > 18) return {};
  for (const char c : text) {
    if (!is_digit(c)) return {};
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return number;
}

void read_transfer_encoding(std::string_view value, Seen& seen) {
  if (equal_ignoring_case(value, "chunked")) return;
  bool chunked_before = false;
  if (value.empty() || value.back() == ',') return seen.fail(bad("bad Transfer-Encoding"));
  while (!value.empty()) {
    const auto coding = trim(take_until(value, ','));
    const auto name = trim(coding.substr(0, coding.find(';')));
    if (!is_token(name) || chunked_before) return seen.fail(bad("bad Transfer-Encoding"));
    chunked_before = equal_ignoring_case(name, "chunked");
    if (chunked_before && name.size() != coding.size()) {
      return seen.fail(bad("bad Transfer-Encoding"));
    }
  }
  seen.fail(Error{Code::not_implemented, "the only transfer coding understood is chunked"});
}

void read_connection(std::string_view value, Seen& seen) {
  while (!value.empty()) {
    const auto option = trim(take_until(value, ','));
    if (!option.empty() && !is_token(option)) seen.fail(bad("bad Connection"));
    seen.close = seen.close || equal_ignoring_case(option, "close");
    seen.keep_alive = seen.keep_alive || equal_ignoring_case(option, "keep-alive");
  }
}

// The fields that decide how the message is framed and routed.
void read_field(const Header& field, Head& head, Seen& seen) {
  switch (field.name.size()) {
    case 4:
      if (!equal_ignoring_case(field.name, "host")) return;
      seen.once(seen.host, "Host");
      if (!is_authority(field.value)) seen.fail(bad("bad Host"));
      if (head.request.authority.empty())
        head.request.authority = field.value;  // the target's takes precedence: RFC 9112 §3.2.2
      return;
    case 6:
      if (!equal_ignoring_case(field.name, "expect")) return;
      if (equal_ignoring_case(field.value, "100-continue")) head.framing.expects_continue = true;
      return;
    case 10:
      if (equal_ignoring_case(field.name, "connection")) read_connection(field.value, seen);
      return;
    case 13:
      if (equal_ignoring_case(field.name, "authorization")) {
        seen.once(seen.authorization, "Authorization");
      }
      return;
    case 14:
      if (!equal_ignoring_case(field.name, "content-length")) return;
      if (head.request.content_length) seen.fail(bad("more than one Content-Length"));
      head.request.content_length = plain_number(field.value);
      if (!head.request.content_length) seen.fail(bad("bad Content-Length"));
      return;
    case 17:
      if (!equal_ignoring_case(field.name, "transfer-encoding")) return;
      seen.once(seen.transfer_encoding, "Transfer-Encoding");
      read_transfer_encoding(field.value, seen);
      return;
    default:
      return;
  }
}

// Rules about several fields, once all of them are known.
Status settle(Head& head, Seen& seen) {
  // First, so that this well-known attack is named even if the coding is wrong too.
  if (seen.transfer_encoding && head.request.content_length) {
    return bad("Transfer-Encoding together with Content-Length");
  }
  if (seen.transfer_encoding && head.framing.http_1_0) return bad("Transfer-Encoding in HTTP/1.0");
  if (seen.error) return std::move(*seen.error);
  if (!seen.host && !head.framing.http_1_0) return bad("no Host");
  // HTTP/1.0 has to ask for keep-alive (RFC 9112 §9.3) and has no expectations (RFC 9110 §10.1.1).
  head.framing.keep_alive = !seen.close && (seen.keep_alive || !head.framing.http_1_0);
  head.framing.expects_continue = head.framing.expects_continue && !head.framing.http_1_0;
  head.framing.chunked = seen.transfer_encoding;
  head.request.has_body = head.framing.chunked || head.request.content_length.value_or(0) > 0;
  return {};
}

// White space before the colon and folded lines, which begin with white space, are refused (RFC 9112 §5.1, §5.2):
// neither is a token.
std::optional<Header> read_header(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  const Header field{line.substr(0, colon), trim(line.substr(colon + 1))};
  if (!is_token(field.name) || !all_of(field.value, value_characters)) return {};
  return field;
}

}  // namespace

HeadScan::Found HeadScan::search(std::string_view arrived) {
  while (searched_ < arrived.size()) {
    const auto end = arrived.find('\n', searched_);
    if (end == std::string_view::npos) {
      searched_ = arrived.size();
      return Found::more;
    }
    if (end == 0 || arrived[end - 1] != '\r') return Found::broken;
    const bool empty = end == line_ + 1;
    line_ = searched_ = end + 1;
    if (empty) return Found::complete;
  }
  return Found::more;
}

Result<Head> parse_head(std::string_view head, std::size_t fields_max) {
  Result<Head> result;
  const auto request_line = take_line(head);
  if (!request_line) return bad("lines end in CRLF");
  INTEGRITY_CHECK(read_request_line(*request_line, *result));
  Seen seen;
  auto& headers = result->request.headers;
  headers.reserve(16);
  while (true) {
    const auto line = take_line(head);
    if (!line) return bad("lines end in CRLF");
    if (line->empty()) break;
    const auto field = read_header(*line);
    if (!field) return bad("bad header line");
    if (headers.size() == fields_max) {
      return Error{Code::headers_too_large, "more header fields than this server reads"};
    }
    headers.push_back(*field);
    read_field(*field, *result, seen);
  }
  if (!head.empty()) return bad("bytes after the empty line");
  INTEGRITY_CHECK(settle(*result, seen));
  return result;
}

}  // namespace integrity::http
