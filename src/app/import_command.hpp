// `integrity import-flask`: what an old Flask server kept, into this one.
#pragma once
#include "app/command_line.hpp"
#include "app/config.hpp"
#include "base/result.hpp"

namespace integrity::app {

enum class Everything : std::uint8_t { comes_over, does_not };

// The report goes to stdout; without --apply that is all. Code::invalid_value: asked wrongly.
Result<Everything> import_command(const CommandLine& line, const Config& config);

}  // namespace integrity::app
