#include "store/sqlite/open_files.hpp"

#include <sys/stat.h>

#include "store/store.hpp"

namespace integrity::store::sqlite {

OpenFiles::OpenFiles(const std::filesystem::path& database)
    : files_{File{database.string()}, File{database.string() + "-wal"}} {
  for (auto& [path, device, number] : files_) {
    struct stat state {};
    if (::stat(path.c_str(), &state) != 0) throw Unavailable(path + ": was removed while the store was opened");
    device = state.st_dev;
    number = state.st_ino;
  }
}

std::string OpenFiles::missing() const {
  for (const auto& [path, device, number] : files_) {
    struct stat state {};
    if (::stat(path.c_str(), &state) != 0 || state.st_dev != device || state.st_ino != number) return path;
  }
  return {};
}

std::string OpenFiles::named(const std::string& cause) const {
  const auto& path = files_[0].path;  // the log's name begins with it
  return cause.find(path) == std::string::npos ? path + ": " + cause : cause;
}

}  // namespace integrity::store::sqlite
