#include "base/new_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/ascii.hpp"
#include "base/file_error.hpp"

namespace integrity {
namespace {

constexpr std::string_view kInfix = ".partial-";
constexpr std::size_t kRandomLength = 6;  // as mkostemp(3) makes them

Error taken(const std::filesystem::path& path) {
  return {Code::precondition_failed,
          path.string() + ": exists, and is not replaced; name another file, or move it away"};
}

Error not_created(const std::filesystem::path& path) {
  const bool no_folder = errno == ENOENT || errno == ENOTDIR;
  auto error = file_error(path, "cannot be created");
  if (no_folder) error.detail += "; make its folder, or name a file in another one";
  return error;
}

// Whether `path` still names the file that `fd` is open on.
bool names(const std::filesystem::path& path, int fd) {
  struct stat by_path {
  }, by_fd{};
  return ::lstat(path.c_str(), &by_path) == 0 && ::fstat(fd, &by_fd) == 0 && by_path.st_ino == by_fd.st_ino &&
         by_path.st_dev == by_fd.st_dev;
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Status sync_folder_of(const std::filesystem::path& path) {
  const auto folder = folder_of(path);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const Status status = synced ? Status() : Status(file_error(folder, "cannot sync"));
  if (fd >= 0) ::close(fd);
  return status;
}

// rename(2) that replaces nothing. File systems without it have link(2) instead, or neither.
int rename_to_new(const char* from, const char* to) {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return -1;
  if (::link(from, to) != 0) return -1;
  ::unlink(from);
  return 0;
}

bool is_leftover(std::string_view name, const std::function<bool(std::string_view name)>& concerns) {
  const auto end = name.rfind(kInfix);
  if (end == std::string_view::npos || name.size() - end != kInfix.size() + kRandomLength) return false;
  const auto random = name.substr(end + kInfix.size());
  return std::all_of(random.begin(), random.end(), [](char c) { return is_alnum(c); }) && concerns(name.substr(0, end));
}

}  // namespace

Result<NewFile> NewFile::create(const std::filesystem::path& path) {
  if (path.filename().empty()) return Error{Code::invalid_value, path.string() + ": is a folder; name a file in it"};
  struct stat state {};
  if (::lstat(path.c_str(), &state) == 0) return taken(path);
  const std::string own = path.filename().string();
  remove_leftovers(folder_of(path), [&](std::string_view name) { return name == own; });
  for (;;) {
    std::string partial = path.string() + std::string(kInfix) + std::string(kRandomLength, 'X');
    const int fd = ::mkostemp(partial.data(), O_CLOEXEC);  // 0600
    if (fd < 0) return not_created(path);
    NewFile file(path, partial, fd);
    const bool locked = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK) return file_error(partial, "cannot be locked");
    if (locked && names(partial, fd)) return file;
    file.partial_.clear();  // another process took it for a leftover before it was locked, and removes it
  }
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      partial_(std::exchange(other.partial_, std::filesystem::path())),
      fd_(std::exchange(other.fd_, -1)) {}

NewFile::~NewFile() {
  if (!partial_.empty()) ::unlink(partial_.c_str());
  if (fd_ >= 0) ::close(fd_);
}

Status NewFile::sync() {
  if (::fsync(fd_) != 0) return file_error(partial_, "cannot be brought to the disk");
  return {};
}

Status NewFile::publish() {
  INTEGRITY_CHECK(sync());
  if (rename_to_new(partial_.c_str(), path_.c_str()) != 0) {
    return errno == EEXIST ? taken(path_) : file_error(path_, "cannot be created");
  }
  partial_.clear();
  const Status synced = sync_folder_of(path_);
  if (!synced) ::unlink(path_.c_str());
  return synced;
}

void NewFile::remove_leftovers(const std::filesystem::path& folder,
                               const std::function<bool(std::string_view name)>& concerns) noexcept {
  try {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
      if (!is_leftover(entry.path().filename().string(), concerns)) continue;
      const int fd = ::open(entry.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
      if (fd < 0) continue;
      if (::flock(fd, LOCK_EX | LOCK_NB) == 0 && names(entry.path(), fd)) ::unlink(entry.path().c_str());
      ::close(fd);
    }
  } catch (const std::exception&) {  // there is no memory: the next one removes them
  }
}

}  // namespace integrity
