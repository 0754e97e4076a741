// The data folder, held by one process at a time.
//
//   auto folder = DataFolder::open("./data");   // "./data is in use by process 4711" while another holds it
//
// The folder itself is locked with flock(2), so that removing a file in it lets no other process in. The lock ends with
// the process, however that ends. DATA/lock is locked too: it holds the process number for people to read, and versions
// before 0.2 check only this file. The database file is not locked: SQLite's own locks (fcntl) are lost when any
// descriptor of the file is closed in the process.
#pragma once
#include <filesystem>
#include <string_view>

#include "app/file.hpp"
#include "base/result.hpp"

namespace integrity::app {

class DataFolder {
 public:
  // Makes the folder if it is missing (0700), then locks it. Code::overloaded if another process holds it: the only
  // error that may be gone a moment later.
  static Result<DataFolder> open(const std::filesystem::path& path);

  std::filesystem::path database() const { return database_in(path_); }

  static std::filesystem::path database_in(const std::filesystem::path& folder) { return folder / "integrity.db"; }
  static std::filesystem::path control_in(const std::filesystem::path& folder) { return folder / "control.sock"; }

 private:
  DataFolder(std::filesystem::path path, Fd folder, Fd lock)
      : path_(std::move(path)), folder_(std::move(folder)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  Fd folder_, lock_;
};

// Whether something that the program itself makes or reads in a data folder may have this name.
bool is_name_of_data_folder(std::string_view name);

}  // namespace integrity::app
