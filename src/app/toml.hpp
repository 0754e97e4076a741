// The options file: flat `name = value` lines of TOML 1.0. Values come back as the text that a flag
// would have; lists as their elements, comma-separated. Tables and dates are no option's value and
// are refused.
#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "base/result.hpp"

namespace integrity::app {

using TomlOptions = std::map<std::string, std::string>;

enum class IfMissing : std::uint8_t { empty, error };

// Errors name the file and, where there is one, the line.
Result<TomlOptions> read_toml(const std::filesystem::path& file, IfMissing if_missing);

}  // namespace integrity::app
