// `integrity user …`: asks the person, has the act done where the data folder is held, shows the
// outcome.
#pragma once
#include "app/command_line.hpp"
#include "app/config.hpp"
#include "base/result.hpp"

namespace integrity::app {

// Answers go to stdout, questions to stderr.
Status user_command(const CommandLine& line, const Config& config);

}  // namespace integrity::app
