// Commands about keys for programs and invitations: `api-key`, `invitation`.
#pragma once
#include "app/command_line.hpp"
#include "base/result.hpp"

namespace integrity::app {

bool is_access_command(Verb verb);
// Secrets go to stdout alone; what is to be said goes to stderr.
Status access_command(const CommandLine& line, const Config& config);

}  // namespace integrity::app
