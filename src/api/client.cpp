#include "api/client.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"

namespace integrity::api {

namespace {

std::string site_of(http::Address address) {
  if (address.v4()) return address.network();
  std::fill(address.bytes.begin() + 6, address.bytes.end(), std::uint8_t{0});
  return address.text() + "/48";
}

// An address as proxies write it, some with the port: `192.0.2.7:4711`, `[2001:db8::7]:4711`, `[2001:db8::7]`.
std::optional<http::Address> address_of(std::string_view entry) {
  std::string_view host = entry, port;
  const auto colon = entry.rfind(':');
  if (entry.starts_with('[')) {
    const auto end = std::min(entry.find(']'), entry.size());
    host = entry.substr(1, end - 1);
    port = entry.substr(end);
    if (port == "]") return http::Address::parse(host);
    if (!port.starts_with("]:")) return {};
    port.remove_prefix(2);
  } else if (colon != std::string_view::npos && entry.find(':') == colon) {  // one colon; IPv6 has at least two
    host = entry.substr(0, colon);
    port = entry.substr(colon + 1);
  } else {
    return http::Address::parse(entry);
  }
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size()) return {};
  return http::Address::parse(host);
}

}  // namespace

auth::Client client_at(const http::Address& address) {
  const std::string text = address.text(), network = address.network();
  return {text, network, address.v4() ? text : network, site_of(address)};
}

bool comes_from_untrusted_proxy(const http::Request& request, const std::vector<http::Address>& trusted_proxies) {
  const auto names_proxy = [](const http::Header& header) {
    constexpr std::string_view kFamily = "x-forwarded-";
    switch (header.name.size()) {
      case 3:
        return equal_ignoring_case(header.name, "via");
      case 9:
        return equal_ignoring_case(header.name, "forwarded") || equal_ignoring_case(header.name, "x-real-ip");
      default:
        return header.name.size() > kFamily.size() &&
               equal_ignoring_case(header.name.substr(0, kFamily.size()), kFamily);
    }
  };
  return std::any_of(request.headers.begin(), request.headers.end(), names_proxy) &&
         std::find(trusted_proxies.begin(), trusted_proxies.end(), request.peer) == trusted_proxies.end();
}

auth::Client client_of(const http::Request& request, const std::vector<http::Address>& trusted_proxies) {
  http::Address speaker = request.peer;
  const auto trusted = [&] {
    return std::find(trusted_proxies.begin(), trusted_proxies.end(), speaker) != trusted_proxies.end();
  };
  // Several headers are one list (RFC 9110 §5.3): the last header's last entry was added last.
  for (auto header = request.headers.rbegin(); header != request.headers.rend(); ++header) {
    if (!equal_ignoring_case(header->name, "x-forwarded-for")) continue;
    std::string_view list = header->value;
    while (!list.empty() && trusted()) {
      const auto comma = list.rfind(',');
      const auto entry = comma == std::string_view::npos ? list : list.substr(comma + 1);
      list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
      const auto named = address_of(trim(entry));
      if (!named) return client_at(speaker);
      speaker = *named;
    }
  }
  return client_at(speaker);
}

}  // namespace integrity::api
