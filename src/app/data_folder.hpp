// The data folder, held by one process at a time.
//
//   auto folder = DataFolder::open("./data");   // "./data is in use by process 4711" while another holds it
//
// What is locked, by flock(2), is the folder itself, so that removing a file in it opens the way for nobody. The lock ends
// with the process, however that ends. DATA/lock is locked too: it holds the process number for people, and it is all that
// versions before 0.2 look at. Not the database file: SQLite's own locks (fcntl) of a file are lost when any descriptor of
// that file is closed in the process.
#pragma once
#include <filesystem>

#include "app/file.hpp"
#include "base/result.hpp"

namespace integrity::app {

class DataFolder {
 public:
  // Makes the folder where there is none (0700), then locks it. Held by another process it is Code::overloaded: the only
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

}  // namespace integrity::app
