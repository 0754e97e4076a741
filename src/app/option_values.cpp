#include "app/option_values.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/ascii.hpp"
#include "base/blank.hpp"
#include "base/bytes.hpp"
#include "model/product.hpp"

namespace integrity::app {
namespace {

Error wrong(std::string detail) {
  return {Code::invalid_value, std::move(detail)};
}

struct Address {
  int family;
  std::array<std::uint8_t, 16> bytes{};
};

std::optional<Address> parse_address(const std::string& text) {
  Address address{AF_INET};
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) return address;
  address.family = AF_INET6;
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) return address;
  return {};
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  if (trimmed(text).empty()) return parts;
  for (;;) {
    const auto comma = text.find(',');
    parts.emplace_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

bool is_origin(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  if (text.substr(0, scheme) != "https" && text.substr(0, scheme) != "http") return false;
  const std::string_view host = text.substr(scheme + 3);
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]";
  return !host.empty() && host.find_first_not_of(allowed) == std::string_view::npos;
}

// A browser leaves the default port of the scheme out of an Origin (RFC 6454 §6.2).
void drop_default_port(std::string& origin) {
  const std::string_view port = origin.starts_with("https:") ? ":443" : ":80";
  if (origin.ends_with(port)) origin.resize(origin.size() - port.size());
}

std::string to_text(std::chrono::seconds duration) {
  const auto count = duration.count();
  constexpr std::pair<std::int64_t, char> units[] = {{86'400, 'd'}, {3600, 'h'}, {60, 'm'}};
  for (const auto& [seconds, letter] : units) {
    if (count % seconds == 0) return std::to_string(count / seconds) + letter;
  }
  return std::to_string(count) + 's';
}

}  // namespace

Result<HostPort> parse_listen(std::string_view text) {
  const auto malformed = wrong(
      "must be an address and a port, such as 127.0.0.1:8080, [::1]:8080 or localhost:8080, not "
      "\"" +
      std::string(text) + "\"");
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed;
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) return malformed;
  std::string host(text.substr(0, colon));
  if (host == "localhost") return HostPort{"127.0.0.1", *port};
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  const auto address = parse_address(host);
  if (!address || (address->family == AF_INET6) != brackets) return malformed;
  return HostPort{host, *port};
}

bool is_loopback(const std::string& text) {
  const auto address = parse_address(text);
  if (!address) return false;
  if (address->family == AF_INET) return address->bytes[0] == 127;
  constexpr std::array<std::uint8_t, 16> one{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  constexpr std::array<std::uint8_t, 13> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127};
  return address->bytes == one || std::equal(mapped.begin(), mapped.end(), address->bytes.begin());
}

Result<std::chrono::seconds> parse_duration(std::string_view text, std::chrono::seconds min, std::chrono::seconds max) {
  const Error malformed = wrong("must be a time from " + to_text(min) + " to " + to_text(max) +
                                ", a whole number with s, m, h or d, not \"" + std::string(text) + "\"");
  constexpr std::string_view letters = "smhd";
  constexpr std::int64_t seconds_of[] = {1, 60, 3600, 86'400};
  if (text.empty()) return malformed;
  const auto unit = letters.find(text.back());
  const auto number = parse_number<std::uint32_t>(text.substr(0, text.size() - 1));
  if (unit == std::string_view::npos || !number) return malformed;
  const std::chrono::seconds duration(*number * seconds_of[unit]);
  if (duration < min || duration > max) return malformed;
  return duration;
}

Result<model::Role> parse_signup_role(std::string_view text) {
  const auto role = model::role_named(text);
  if (role && *role <= model::Role::editor) return *role;
  return wrong("must be viewer, clerk or editor, not \"" + std::string(text) + "\"");
}

Result<std::uint64_t> parse_whole(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const auto number = parse_number<std::uint64_t>(text);
  if (number && *number >= min && *number <= max) return *number;
  return wrong("must be a whole number from " + std::to_string(min) + " to " + std::to_string(max) + ", not \"" +
               std::string(text) + "\"");
}

Result<double> parse_rate(std::string_view text) {
  const auto rate = parse_number<double>(text);
  if (rate && *rate >= 0.001 && *rate <= 1e6) return *rate;
  return wrong("must be a number per second from 0.001 to 1000000, not \"" + std::string(text) + "\"");
}

Result<bool> parse_switch(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return wrong("must be true or false, not \"" + std::string(text) + "\"");
}

Result<std::string> parse_text(std::string_view text, std::size_t code_points_max) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const auto size = count_code_points(text);
  if (!is_blank(text) && size && *size <= code_points_max && std::none_of(text.begin(), text.end(), control)) {
    return std::string(text);
  }
  return wrong("must be 1 to " + std::to_string(code_points_max) + " characters, not blank, no control characters");
}

Result<std::string> parse_currency(std::string_view text) {
  json::Value value;
  value.kind = json::Value::Kind::string;
  value.text = text;
  std::string why;
  if (auto currency = model::product_currency.read(value, why)) return std::move(*currency);
  return wrong("must be an ISO 4217 code such as EUR, not \"" + std::string(text) + "\"");
}

Result<std::vector<std::string>> parse_addresses(std::string_view text) {
  auto parts = split(text);
  for (const std::string& part : parts) {
    if (!parse_address(part)) return wrong("must be addresses such as 10.0.0.7,2001:db8::7, not \"" + part + "\"");
  }
  return parts;
}

Result<std::vector<std::string>> parse_origins(std::string_view text) {
  auto parts = split(text);
  for (std::string& part : parts) {
    if (!is_origin(part)) {
      return wrong("must be origins such as https://shop.example, in lower case without a path, not \"" + part + "\"");
    }
    drop_default_port(part);
  }
  return parts;
}

Result<std::vector<std::string>> parse_hosts(std::string_view text) {
  auto parts = split(text);
  for (std::string& part : parts) {
    const bool brackets = part.size() > 2 && part.front() == '[' && part.back() == ']';
    if (brackets) part = part.substr(1, part.size() - 2);
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
    part = ascii_lower(part);
    const bool name = !part.empty() && part.find_first_not_of(allowed) == std::string::npos && !brackets;
    if (!name && !parse_address(part)) {
      return wrong("must be names or addresses such as shop.example,10.0.0.7, without scheme and port, not \"" + part +
                   "\"");
    }
  }
  return parts;
}

Result<std::string> parse_issuer(std::string_view text) {
  if (text.find(':') != std::string_view::npos) {
    return wrong("must not contain a colon: authenticators cut the label of a Key URI there");
  }
  return parse_text(text, 64);
}

std::string hide_uri_secrets(std::string_view uri) {
  // A password that was not escaped may contain '@', '/' or '?', so everything up to the last '@' is hidden.
  const auto scheme = uri.find("://");
  const std::size_t start = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto at = uri.rfind('@');
  const bool has_user = at != std::string_view::npos && at >= start;
  const std::string_view host = uri.substr(has_user ? at + 1 : start);
  std::string shown(uri.substr(0, start));
  if (has_user) shown += std::string(uri.substr(start, std::min(uri.find(':', start), at) - start)) + ":****@";
  // Options contain secrets too: tlsCertificateKeyFilePassword, AWS_SESSION_TOKEN.
  const auto query = host.find('?');
  shown += host.substr(0, query);
  if (query != std::string_view::npos) shown += "?****";
  return shown;
}

}  // namespace integrity::app
