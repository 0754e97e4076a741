// The configuration in force, typed and checked. `load` (options.hpp) makes it once; everything else only reads it.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "catalog/product_rules.hpp"
#include "model/role.hpp"

namespace integrity::app {

enum class Signup : std::uint8_t { open, closed };

// Each member is the option of the same name in options.cpp, which has the defaults, bounds and meanings.
struct Config {
  std::string listen_host;  // an IPv4 or IPv6 address, without brackets
  std::uint16_t listen_port = 0;
  std::filesystem::path data, keys, config;
  std::string mongo_uri;                    // empty: the SQLite file in `data`
  std::chrono::seconds max_clock_offset{};  // from MongoDB's clock; 0: any
  std::optional<Signup> signup;             // nothing: not on loopback and not given, so `serve` refuses
  bool signup_named = false;                // false: `signup` follows from the listener
  model::Role signup_role = model::Role::editor;
  std::chrono::seconds session_idle{}, session_max{};
  bool api_keys = false;
  std::string issuer, audience;
  std::string currency;
  int bcrypt_cost = 0;
  bool require_version = false;
  catalog::TextOptions texts;  // sku-pattern, normalize-newlines
  std::size_t max_connections = 0, max_connections_per_address = 0;
  std::uint32_t login_burst = 0, signup_burst = 0;
  double login_rate = 0, signup_rate = 0;    // per second
  std::vector<std::string> trusted_proxies;  // addresses
  std::vector<std::string> cors_origins;     // "https://shop.example:8443"
  std::vector<std::string> hosts;            // "shop.example", "10.0.0.7": lower case, without a port
  std::chrono::seconds shutdown_grace{};
  bool insecure_http = false;
  std::string metrics_host;  // an address, as listen_host; empty: no metrics
  std::uint16_t metrics_port = 0;
  bool insecure_metrics = false;
  std::optional<Secret> jwt_secret_key;

  bool on_loopback() const;
};

}  // namespace integrity::app
