// Makes and checks one backup: an ordinary SQLite file of everything in a store, whichever engine has it. The process
// that calls this writes the file, as its own user: the running server, or the command where none runs.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "app/config.hpp"
#include "base/new_file.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "store/sqlite/backup.hpp"

namespace integrity::app {

using store::sqlite::Watch;

struct Backup {
  std::string path;  // absolute
  std::uint64_t bytes = 0;
  std::int64_t last_change = 0;
  Time taken_at{};     // when its state was: no change in it is later, and none that is not in it much earlier
  std::string sha256;  // in hex
};

// Begins `file`, which must not exist: FILE.partial-… first. Error: it cannot be made there.
Result<NewFile> place_for_backup(const Config& config, const std::filesystem::path& file);

// Writes the store of `config` to the place, and publishes it as `file`. The thread yields to those that serve clients,
// for good (nice). Where the watcher stops it, nothing is left.
// `beside_clients`: this process serves some.
Result<Backup> make_backup(const Config& config, const std::filesystem::path& file, NewFile& place, const Clock& clock,
                           const Watch& watch, bool beside_clients);

}  // namespace integrity::app
