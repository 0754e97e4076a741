// Every option: declared once in a table, taken from flag, environment, file or default, in that order.
//
//   auto loaded = load({{"listen", "127.0.0.1:0"}}, system_environment);
//   loaded->config.listen_port;   // 0
//   loaded->settings;             // what `integrity config` prints: text and source of each, secrets hidden
//
// Errors name the option and where its value came from. All of them mean exit status 2.
#pragma once
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "app/config.hpp"
#include "base/result.hpp"

namespace integrity::app {

struct Option {
  std::string_view name;      // "login-rate": --login-rate, INTEGRITY_LOGIN_RATE, TOML login-rate
  std::string_view value;     // what stands for the value in --help; empty for a switch
  std::string_view fallback;  // its default; empty: derived from others, see `derived`
  std::string_view derived;   // how, for --help
  std::string_view meaning;
  // Which commands take it besides `serve` and `config`, which take all: every command on a store, those that set a
  // password, those that make products, those that make a key, or none.
  enum class For : std::uint8_t { every_command, new_password, new_products, new_key, server } for_whom;
  // Puts a value into the configuration. Returns what is wrong with the text, or an empty string.
  std::string (*set)(Config& config, std::string_view text);
};

std::span<const Option> all_options();
std::string environment_name(std::string_view option);  // "login-rate" -> "INTEGRITY_LOGIN_RATE"

struct Setting {
  std::string name;    // "--login-rate", or "JWT_SECRET_KEY"
  std::string text;    // as it would be written; secrets hidden
  std::string source;  // "flag", "INTEGRITY_LOGIN_RATE", "data/integrity.toml", "default"
};

struct Loaded {
  Config config;
  std::vector<Setting> settings;
};

using Flags = std::map<std::string, std::string>;  // option name -> text
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// getenv, but a JWT_SECRET_KEY is erased once read, so that /proc/PID/environ does not keep it.
// Before threads start.
std::optional<std::string> system_environment(const std::string& name);

Result<Loaded> load(const Flags& flags, const Environment& environment);

// Variables with our prefix that belong to no option: misspelt ones would have no effect.
std::vector<std::string> unknown_variables(const char* const* environment);

// Error: why `serve` is refused with this configuration.
Status check_serve(const Config& config);

}  // namespace integrity::app
