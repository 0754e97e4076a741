// Whether the database file and its log are still the files in the folder. After `rm -r DATA`, or after another file was
// put in their place, SQLite goes on writing into files that nobody will ever find again: what it acknowledges is lost.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <utility>

namespace integrity::store::sqlite {

class FileWatch {
 public:
  // Of a database that is open. Its log may be made later.
  explicit FileWatch(std::filesystem::path file);

  // Costs two system calls. False from the first time on that a file was removed or replaced.
  bool intact();
  const std::filesystem::path& file() const { return file_; }

 private:
  using Which = std::pair<dev_t, ino_t>;
  static std::optional<Which> at(const std::filesystem::path& path);

  const std::filesystem::path file_, log_;
  const std::optional<Which> is_file_;
  std::optional<Which> is_log_;
  bool intact_ = true;
};

}  // namespace integrity::store::sqlite
