#include "store/sqlite/file_watch.hpp"

#include <sys/stat.h>

namespace integrity::store::sqlite {

FileWatch::FileWatch(std::filesystem::path file)
    : file_(std::move(file)), log_(file_.string() + "-wal"), is_file_(at(file_)), is_log_(at(log_)) {}

bool FileWatch::intact() {
  if (!is_log_) is_log_ = at(log_);
  intact_ = intact_ && is_file_ && at(file_) == is_file_ && at(log_) == is_log_;
  return intact_;
}

std::optional<FileWatch::Which> FileWatch::at(const std::filesystem::path& path) {
  struct stat state {};
  if (::stat(path.c_str(), &state) != 0) return {};
  return Which(state.st_dev, state.st_ino);
}

}  // namespace integrity::store::sqlite
