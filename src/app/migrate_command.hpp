// `integrity migrate`: moves everything from one store into another, or opens a sealed one again. See docs/migrate.md.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "app/command_line.hpp"

namespace integrity::app {

// Where a store is: the absolute path of a folder, or the address of a MongoDB.
struct StoreAddress {
  std::filesystem::path folder;
  std::string mongo_uri;

  bool operator==(const StoreAddress&) const = default;
};
// `text` is a path (of the folder or of the database file in it, also as a URL), or mongodb://…. Errors say what is
// wrong.
Result<StoreAddress> parse_store_address(const std::string& text);

struct MoveWanted {
  StoreAddress from;
  std::optional<StoreAddress> to;  // nothing: open the source again
  bool finished_too = false;
};
Result<MoveWanted> read_move(const MigrateOptions& options);

// Progress goes to stderr, the outcome to stdout.
Status migrate_command(const MoveWanted& wanted);

}  // namespace integrity::app
