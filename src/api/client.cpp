#include "api/client.hpp"

#include <algorithm>

#include "http/ascii.hpp"

namespace integrity::api {

namespace {

auth::Client client(const http::Address& address) {
  const std::string text = address.text(), network = address.network();
  return {text, network, address.v4() ? text : network};
}

}  // namespace

auth::Client client_of(const http::Request& request, const std::vector<http::Address>& trusted_proxies) {
  http::Address speaker = request.peer;
  const auto trusted = [&] {
    return std::find(trusted_proxies.begin(), trusted_proxies.end(), speaker) != trusted_proxies.end();
  };
  // Several headers are one list (RFC 9110 §5.3): the last header's last entry was added last.
  for (auto header = request.headers.rbegin(); header != request.headers.rend(); ++header) {
    if (!http::equal_ignoring_case(header->name, "x-forwarded-for")) continue;
    std::string_view list = header->value;
    while (!list.empty() && trusted()) {
      const auto comma = list.rfind(',');
      const auto entry = comma == std::string_view::npos ? list : list.substr(comma + 1);
      list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
      const auto named = http::Address::parse(http::trim(entry));
      if (!named) return client(speaker);
      speaker = *named;
    }
  }
  return client(speaker);
}

}  // namespace integrity::api
