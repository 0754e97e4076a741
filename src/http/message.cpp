#include "http/message.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "http/ascii.hpp"

namespace integrity::http {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::del:
      return "DELETE";
    case Method::patch:
      return "PATCH";
    case Method::options:
      return "OPTIONS";
    case Method::trace:
      return "TRACE";
    case Method::connect:
      return "CONNECT";
    case Method::other:
      break;
  }
  return "other";
}

bool Address::v4() const {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin());
}

std::string Address::text() const {
  char out[INET6_ADDRSTRLEN] = {};
  const void* from = v4() ? bytes.data() + 12 : bytes.data();
  inet_ntop(v4() ? AF_INET : AF_INET6, from, out, sizeof out);
  return out;
}

std::string Address::network() const {
  Address base = *this;
  if (v4()) {
    base.bytes[15] = 0;
    return base.text() + "/24";
  }
  std::fill(base.bytes.begin() + 8, base.bytes.end(), std::uint8_t{0});
  return base.text() + "/64";
}

std::optional<Address> Address::parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return {};
  std::memcpy(terminated, text.data(), text.size());
  Address address;
  if (inet_pton(AF_INET6, terminated, address.bytes.data()) == 1) return address;
  std::copy(mapped_prefix.begin(), mapped_prefix.end(), address.bytes.begin());
  if (inet_pton(AF_INET, terminated, address.bytes.data() + 12) == 1) return address;
  return {};
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const auto& header : headers) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

std::optional<std::string> Request::list(std::string_view name) const {
  std::optional<std::string> list;
  for (const auto& header : headers) {
    if (!equal_ignoring_case(header.name, name)) continue;
    if (list) {
      *list += ", ";
      *list += header.value;
    } else {
      list.emplace(header.value);
    }
  }
  return list;
}

std::size_t Request::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [&](const Header& header) { return equal_ignoring_case(header.name, name); }));
}

}  // namespace integrity::http
