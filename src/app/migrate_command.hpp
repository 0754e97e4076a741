// `integrity migrate`: everything from one store into another, or a sealed one opened again. See docs/migrate.md.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "app/command_line.hpp"

namespace integrity::app {

// Where a store is: a folder's absolute path, or an address of MongoDB.
struct StorePlace {
  std::filesystem::path folder;
  std::string mongo_uri;

  bool operator==(const StorePlace&) const = default;
};
// A path (also of the database file in the folder, also as a URL), or mongodb://…. Error: what is wrong with it.
Result<StorePlace> parse_store_place(const std::string& text);

struct MoveWanted {
  StorePlace from;
  std::optional<StorePlace> to;  // nothing: the source is to be opened again
  bool finished_too = false;
};
Result<MoveWanted> read_move(const MigrateOptions& options);

// Progress goes to stderr, the outcome to stdout.
Status migrate_command(const MoveWanted& wanted);

}  // namespace integrity::app
