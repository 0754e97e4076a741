// A file that appears under its name complete or not at all, and never replaces another file.
//
//   INTEGRITY_TRY(NewFile file, NewFile::create("/backups/monday.db"));   // monday.db.partial-Xa3kT9, empty, 0600
//   … write to file.file(), or open file.content() …
//   INTEGRITY_CHECK(file.publish());                                      // monday.db
//
// Others may be allowed to write to the folder, and may rename or replace the partial file. So its name is used to
// create and to rename it only. Its content is reached through the descriptor, and `publish` checks what it has renamed.
//
// Without `publish` it is removed with the object. What a killed process left behind is removed by the next `create` of
// the same name: a partial file is locked (flock) for as long as its process lives.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace integrity {

// A path that opens what `fd` is open on, whatever has become of its name: "/proc/self/fd/7". Needs /proc.
std::filesystem::path path_of(const Fd& fd);

// A message about that path, with a name in its place.
std::string with_name(std::string message, const Fd& fd, const std::string& name);

// An empty file in `folder` that no name leads to. It ends with its descriptor, however the process ends.
Result<Fd> nameless_file(const std::filesystem::path& folder);

class NewFile {
 public:
  // Errors name the file: it exists, or its folder does not, or cannot be written to.
  static Result<NewFile> create(const std::filesystem::path& path);
  NewFile(NewFile&&) noexcept = default;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  std::filesystem::path partial() const;                            // for people
  std::filesystem::path content() const { return path_of(file_); }  // to open it
  const Fd& file() const { return file_; }
  std::string named(std::string message) const { return with_name(std::move(message), file_, partial().string()); }

  // Its content so far is on the disk when this returns.
  Status sync();
  // Brings it to the disk under its name. Error: precondition_failed where that exists by now.
  Status publish();

  // Removes what killed processes left in the folder of files whose names `concerns`.
  static void remove_leftovers(const std::filesystem::path& folder,
                               const std::function<bool(std::string_view name)>& concerns) noexcept;

 private:
  NewFile(std::filesystem::path path, Fd folder, std::string partial, Fd file)
      : path_(std::move(path)), partial_(std::move(partial)), folder_(std::move(folder)), file_(std::move(file)) {}

  std::filesystem::path path_;
  std::string partial_;  // its name in the folder; not used any more once `folder_` is closed
  Fd folder_, file_;
};

}  // namespace integrity
