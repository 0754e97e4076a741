// A file that appears under its name complete or not at all, and never replaces another file.
//
//   INTEGRITY_TRY(NewFile file, NewFile::create("/backups/monday.db"));   // monday.db.partial-Xa3kT9, empty, 0600
//   … write to file.partial() …
//   INTEGRITY_CHECK(file.publish());                                      // monday.db
//
// Without `publish` it is removed with the object. What a killed process left behind is removed by the next `create` of
// the same name: a partial file is locked (flock) for as long as its process lives.
#pragma once
#include <filesystem>
#include <functional>
#include <string_view>

#include "base/result.hpp"

namespace integrity {

class NewFile {
 public:
  // Errors name the file: it exists, or its folder does not, or cannot be written to.
  static Result<NewFile> create(const std::filesystem::path& path);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  const std::filesystem::path& partial() const { return partial_; }
  int fd() const { return fd_; }

  // Its content so far is on the disk when this returns.
  Status sync();
  // Brings it to the disk under its name. Error: precondition_failed where that exists by now.
  Status publish();

  // Removes what killed processes left in the folder of files whose names `concerns`.
  static void remove_leftovers(const std::filesystem::path& folder,
                               const std::function<bool(std::string_view name)>& concerns) noexcept;

 private:
  NewFile(std::filesystem::path path, std::filesystem::path partial, int fd)
      : path_(std::move(path)), partial_(std::move(partial)), fd_(fd) {}

  std::filesystem::path path_, partial_;  // partial_: empty once it is published
  int fd_ = -1;
};

}  // namespace integrity
