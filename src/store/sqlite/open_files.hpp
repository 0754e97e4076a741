// Whether the database and its log still are the files of their names. A process may write to files that were removed
// from their folder, and nobody sees it: what was acknowledged would be gone with the process.
#pragma once
#include <sys/types.h>

#include <array>
#include <filesystem>
#include <string>

namespace integrity::store::sqlite {

class OpenFiles {
 public:
  // The database and its log are open. Throws Unavailable where one of them is not there.
  explicit OpenFiles(const std::filesystem::path& database);
  // The one that was removed, moved or replaced since; empty: none. Two calls of stat(2).
  std::string missing() const;
  // What went wrong, with the database that it is about unless the text names one of the files.
  std::string named(const std::string& cause) const;

 private:
  struct File {
    std::string path;
    dev_t device = 0;
    ino_t number = 0;
  };
  std::array<File, 2> files_;
};

}  // namespace integrity::store::sqlite
