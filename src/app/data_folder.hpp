// The data folder, held by one process at a time.
//
//   auto folder = DataFolder::open("./data");   // "./data is in use by process 4711" while another holds it
//
// The lock is flock(2) on DATA/lock: it ends with the process however that ends, and is held as long as this lives.
#pragma once
#include <filesystem>

#include "app/file.hpp"
#include "base/result.hpp"

namespace integrity::app {

class DataFolder {
 public:
  // Makes the folder where there is none (0700), then takes the lock. Held by another process it is
  // Code::overloaded: the only error that may be gone a moment later.
  static Result<DataFolder> open(const std::filesystem::path& path);

  std::filesystem::path database() const { return database_in(path_); }

  static std::filesystem::path database_in(const std::filesystem::path& folder) { return folder / "integrity.db"; }
  static std::filesystem::path control_in(const std::filesystem::path& folder) { return folder / "control.sock"; }

 private:
  DataFolder(std::filesystem::path path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  Fd lock_;
};

}  // namespace integrity::app
