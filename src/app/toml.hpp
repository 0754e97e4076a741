// The options file: the part of TOML 1.0 that options need. Comments, and lines `name = value`; a value is a text on
// one line ("…" with JSON's escapes, or '…'), a number or a boolean as in JSON, or a list of texts. It is returned as
// the text that a flag would have; a list as its elements separated by commas. The rest of TOML (tables, dates, texts
// of several lines, 0x1F, 1_000) is refused. Why not a library: docs/adr/0009.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace integrity::app {

using TomlOptions = std::map<std::string, std::string>;

enum class IfMissing : std::uint8_t { empty, error };

// Errors name the file and, where there is one, the line.
Result<TomlOptions> parse_toml(std::string_view text, const std::string& file);
Result<TomlOptions> read_toml(const std::filesystem::path& file, IfMissing if_missing);

}  // namespace integrity::app
