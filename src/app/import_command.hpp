// `integrity import-flask`: imports the data of an old Flask server.
#pragma once
#include "app/command_line.hpp"
#include "app/config.hpp"
#include "base/result.hpp"

namespace integrity::app {

enum class Everything : std::uint8_t { comes_over, does_not };

// The report goes to stdout; without --apply nothing else happens. Code::invalid_value: a mistake in the command.
Result<Everything> import_command(const CommandLine& line, const Config& config);

}  // namespace integrity::app
