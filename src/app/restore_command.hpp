// `integrity restore`: a backup becomes the store of an empty place. See docs/backup.md and docs/adr/0029.
//
// It may be killed at any time: until the end, the place has only the part of a restore, which no server opens and which
// the next restore removes.
#pragma once
#include <filesystem>
#include <string>

#include "app/command_line.hpp"
#include "app/config.hpp"
#include "base/result.hpp"

namespace integrity::app {

Status restore_command(const CommandLine& line, const Config& config);

// Error: the folder holds the part of a restore and no database.
Status expect_no_part_of_a_restore(const std::filesystem::path& data);

}  // namespace integrity::app
