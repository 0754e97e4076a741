#include "api/hosts.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "http/message.hpp"

namespace integrity::api {
namespace {

// Without the port, without the dot at the end of a complete name, and IPv6 without brackets.
std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(1, std::min(authority.find(']'), authority.size()) - 1);
  auto host = authority.substr(0, authority.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

// Names that always resolve to loopback addresses (RFC 6761 §6.3), and these addresses.
bool is_loopback(std::string_view host) {
  constexpr std::string_view kName = "localhost";
  if (host.size() >= kName.size() && equal_ignoring_case(host.substr(host.size() - kName.size()), kName)) {
    return host.size() == kName.size() || host[host.size() - kName.size() - 1] == '.';
  }
  const auto address = http::Address::parse(host);
  if (!address) return false;
  if (address->v4()) return address->bytes[12] == 127;
  return std::all_of(address->bytes.begin(), address->bytes.end() - 1, [](auto byte) { return byte == 0; }) &&
         address->bytes.back() == 1;
}

}  // namespace

bool Hosts::answer_for(std::string_view authority) const {
  if (any_ || authority.empty()) return true;
  const auto host = host_of(authority);
  return is_loopback(host) || std::any_of(names_.begin(), names_.end(),
                                          [&](const std::string& name) { return equal_ignoring_case(name, host); });
}

}  // namespace integrity::api
