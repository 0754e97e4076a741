// Networks from which a key works, and the addresses of clients: "192.0.2.0/24", "2001:db8::/32".
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace integrity::auth {

class Network {
 public:
  // Why a text is no network in its only accepted form; nothing if it is one. For people: "write 192.0.2.0/24, …".
  static std::optional<std::string> why_not(std::string_view text);
  static std::optional<Network> parse(std::string_view text);

  // `address` as Client::address has it. A network of IPv4 has addresses of IPv4 only, and so for IPv6.
  bool has(std::string_view address) const;

 private:
  int family_ = 0;  // AF_INET or AF_INET6
  std::array<std::uint8_t, 16> first_{};
  unsigned prefix_ = 0;
};

}  // namespace integrity::auth
