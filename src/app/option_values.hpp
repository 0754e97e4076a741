// Parses the values of options. Errors are worded to follow the option's name: "--bcrypt-cost: must be a whole number
// from 10 to 16".
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/role.hpp"

namespace integrity::app {

struct HostPort {
  std::string host;  // an address; "localhost" becomes 127.0.0.1
  std::uint16_t port = 0;
};

Result<HostPort> parse_listen(std::string_view text);  // "127.0.0.1:8080", "[::1]:0", "localhost:8080"
bool is_loopback(const std::string& address);          // 127.0.0.0/8, ::1, and the former mapped into IPv6

Result<std::uint64_t> parse_whole(std::string_view text, std::uint64_t min, std::uint64_t max);
Result<double> parse_rate(std::string_view text);  // per second: 0.001 to 1000000, plain decimal
Result<bool> parse_switch(std::string_view text);  // "true" or "false"
// A whole number with s, m, h or d: "30m", "12h".
Result<std::chrono::seconds> parse_duration(std::string_view text, std::chrono::seconds min, std::chrono::seconds max);
Result<model::Role> parse_signup_role(std::string_view text);
// Not blank, no control characters.
Result<std::string> parse_text(std::string_view text, std::size_t code_points_max);
Result<std::string> parse_issuer(std::string_view text);
Result<std::string> parse_currency(std::string_view text);  // ISO 4217: "EUR"

// Comma-separated; empty for none. Origins come back as browsers send them (RFC 6454 §6.2): without a default port.
Result<std::vector<std::string>> parse_addresses(std::string_view text);
Result<std::vector<std::string>> parse_origins(std::string_view text);
Result<std::vector<std::string>> parse_hosts(std::string_view text);  // "shop.example,10.0.0.7,[2001:db8::7]"

std::string hide_uri_secrets(std::string_view uri);  // "mongodb://ada:****@db.example/shop?****"

}  // namespace integrity::app
