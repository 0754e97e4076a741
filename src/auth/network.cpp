#include "auth/network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace integrity::auth {
namespace {

struct Address {
  int family = 0;
  std::array<std::uint8_t, 16> bytes{};

  unsigned bits() const { return family == AF_INET ? 32 : 128; }
  std::string text() const {
    std::array<char, INET6_ADDRSTRLEN> out{};
    return ::inet_ntop(family, bytes.data(), out.data(), out.size()) == nullptr ? "" : out.data();
  }
};

std::optional<Address> parse_address(std::string_view text) {
  const std::string terminated(text);
  if (text.find('\0') != std::string_view::npos) return {};
  Address address;
  for (const int family : {AF_INET, AF_INET6}) {
    address.family = family;
    if (::inet_pton(family, terminated.c_str(), address.bytes.data()) == 1) return address;
  }
  return {};
}

void clear_host_bits(Address& address, unsigned prefix) {
  for (unsigned bit = prefix; bit < address.bits(); ++bit) {
    address.bytes[bit / 8] = static_cast<std::uint8_t>(address.bytes[bit / 8] & ~(0x80U >> bit % 8));
  }
}

struct Parsed {
  Address first;  // the host bits are clear
  unsigned prefix = 0;
  std::string canonical;
};

std::optional<Parsed> parse_parts(std::string_view text) {
  const auto slash = text.find('/');
  auto address = parse_address(text.substr(0, slash));
  if (!address) return {};
  Parsed parsed{*address, address->bits(), {}};
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed.prefix);
    if (error != std::errc() || end != digits.data() + digits.size() || parsed.prefix > address->bits()) return {};
  }
  clear_host_bits(parsed.first, parsed.prefix);
  parsed.canonical = parsed.first.text() + '/' + std::to_string(parsed.prefix);
  return parsed;
}

// Clients of IPv4 are seen as such, also where they come over a socket of IPv6: such a network would have no client.
bool is_mapped(const Address& address) {
  constexpr std::array<std::uint8_t, 12> kPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return address.family == AF_INET6 && std::equal(kPrefix.begin(), kPrefix.end(), address.bytes.begin());
}

}  // namespace

std::optional<std::string> Network::why_not(std::string_view text) {
  const auto parsed = parse_parts(text);
  if (!parsed) return "must be a network, like 192.0.2.0/24 or 2001:db8::/32";
  if (is_mapped(parsed->first)) return "must be written as a network of IPv4, like 192.0.2.0/24";
  if (parsed->canonical != text) return "must be written " + parsed->canonical;
  return {};
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto parsed = parse_parts(text);
  if (!parsed || parsed->canonical != text || is_mapped(parsed->first)) return {};
  Network network;
  network.family_ = parsed->first.family;
  network.first_ = parsed->first.bytes;
  network.prefix_ = parsed->prefix;
  return network;
}

bool Network::has(std::string_view address) const {
  auto parsed = parse_address(address);
  if (!parsed || parsed->family != family_) return false;
  clear_host_bits(*parsed, prefix_);
  return parsed->bytes == first_;
}

}  // namespace integrity::auth
