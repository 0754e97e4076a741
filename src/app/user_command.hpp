// `integrity user …`: asks the operator, runs the command in the process that holds the data folder, prints the
// outcome.
#pragma once
#include "app/command_line.hpp"
#include "app/config.hpp"
#include "base/result.hpp"

namespace integrity::app {

// The outcome goes to stdout, prompts to stderr.
Status user_command(const CommandLine& line, const Config& config);

}  // namespace integrity::app
