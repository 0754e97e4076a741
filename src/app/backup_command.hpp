// `integrity backup`: by the running server, or in this process. See docs/backup.md.
#pragma once
#include <string>

#include "app/backup.hpp"
#include "app/command_line.hpp"
#include "app/host_acts.hpp"

namespace integrity::app {

Status backup_command(const CommandLine& line, const Config& config);

// How a backup goes through the control socket: its progress, ten times a second, and its outcome as a JSON object.
Watch watch_of(const Progress& progress);
std::string written(const Backup& backup);

}  // namespace integrity::app
