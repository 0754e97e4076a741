// `integrity key …`: the key files and their fingerprints in the store.
#pragma once
#include "app/command_line.hpp"

namespace integrity::app {

Status key_command(const CommandLine& line, const Config& config);

}  // namespace integrity::app
