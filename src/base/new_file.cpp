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
#include "base/bytes.hpp"
#include "base/file_error.hpp"
#include "base/random.hpp"

namespace integrity {
namespace {

constexpr std::string_view kInfix = ".partial-";
constexpr std::size_t kRandomBytes = 3, kRandomLength = 2 * kRandomBytes;  // as hexadecimal digits
constexpr std::string_view kJournal = "-journal";

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

// Whether `name` in the folder still is the file that `file` is open on.
bool names(const Fd& folder, const std::string& name, const Fd& file) {
  struct stat by_name {
  }, by_fd{};
  return ::fstatat(folder.get(), name.c_str(), &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::fstat(file.get(), &by_fd) == 0 && by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

Fd open_folder(const std::filesystem::path& folder) {
  return Fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

// A new file in the folder, 0600 whatever the umask is. `name`: begins with this, and gets random characters.
Fd make_file(const Fd& folder, std::string& name) {
  for (SystemRandom random;;) {
    const std::string own = name + to_hex(random.bytes(kRandomBytes));
    Fd file(::openat(folder.get(), own.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.valid() && errno == EEXIST) continue;
    if (file.valid()) {
      ::fchmod(file.get(), 0600);
      name = own;
    }
    return file;
  }
}

// rename(2) that replaces nothing. File systems without it have link(2) instead, or neither.
int rename_to_new(const Fd& folder, const std::string& from, const Fd& file, const std::string& to) {
  if (::renameat2(folder.get(), from.c_str(), folder.get(), to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return -1;
  if (::linkat(AT_FDCWD, path_of(file).c_str(), folder.get(), to.c_str(), AT_SYMLINK_FOLLOW) != 0) return -1;
  ::unlinkat(folder.get(), from.c_str(), 0);
  return 0;
}

// The name of the file that a partial file of this name is of; empty: it is not the name of one.
std::string_view file_of_partial(std::string_view name) {
  const auto end = name.rfind(kInfix);
  if (end == std::string_view::npos || name.size() - end != kInfix.size() + kRandomLength) return {};
  const auto random = name.substr(end + kInfix.size());
  if (!std::all_of(random.begin(), random.end(), [](char c) { return is_alnum(c); })) return {};
  return name.substr(0, end);
}

bool is_leftover(std::string_view name, const std::function<bool(std::string_view name)>& concerns) {
  if (name.ends_with(kJournal)) name.remove_suffix(kJournal.size());  // of a database, by a program that made one
  const auto file = file_of_partial(name);
  return !file.empty() && concerns(file);
}

void remove_leftover(const Fd& folder, const std::string& name) {
  struct stat state {};
  if (::fstatat(folder.get(), name.c_str(), &state, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(state.st_mode)) return;
  const Fd file(::openat(folder.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid() || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return;
  if (names(folder, name, file)) ::unlinkat(folder.get(), name.c_str(), 0);
}

}  // namespace

std::filesystem::path path_of(const Fd& fd) {
  return "/proc/self/fd/" + std::to_string(fd.get());
}

std::string with_name(std::string message, const Fd& fd, const std::string& name) {
  const std::string path = path_of(fd);
  for (std::size_t at = 0; (at = message.find(path, at)) != std::string::npos; at += name.size()) {
    message.replace(at, path.size(), name);
    if (::access("/proc/self/fd", X_OK) != 0) message += "; /proc must be mounted";
  }
  return message;
}

Result<Fd> nameless_file(const std::filesystem::path& folder) {
  const Fd in = open_folder(folder);
  std::string name = "integrity-";
  Fd file = in.valid() ? make_file(in, name) : Fd();
  if (!file.valid()) return file_error(folder, "no file can be made in it");
  if (::unlinkat(in.get(), name.c_str(), 0) != 0) return file_error(folder / name, "cannot be removed");
  return file;
}

Result<NewFile> NewFile::create(const std::filesystem::path& path) {
  const std::string own = path.filename().string();
  if (own.empty() || own == "." || own == "..") {
    return Error{Code::invalid_value, path.string() + ": is a folder; name a file in it"};
  }
  if (!file_of_partial(own).empty()) {
    return Error{Code::invalid_value, path.string() + ": is the name of a partial file; name another file"};
  }
  for (;;) {
    Fd folder = open_folder(folder_of(path));
    if (!folder.valid()) return not_created(path);
    struct stat state {};
    if (::fstatat(folder.get(), own.c_str(), &state, AT_SYMLINK_NOFOLLOW) == 0) return taken(path);
    remove_leftovers(folder_of(path), [&](std::string_view name) { return name == own; });
    std::string partial = own + std::string(kInfix);
    Fd file = make_file(folder, partial);
    if (!file.valid()) return not_created(path);
    const bool locked = ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK) return file_error(path, "cannot be locked");
    // Otherwise another process took it for a leftover before it was locked, and removes it.
    if (locked && names(folder, partial, file)) {
      return NewFile(path, std::move(folder), std::move(partial), std::move(file));
    }
  }
}

NewFile::~NewFile() {
  if (folder_.valid() && names(folder_, partial_, file_)) ::unlinkat(folder_.get(), partial_.c_str(), 0);
}

std::filesystem::path NewFile::partial() const {
  return path_.has_parent_path() ? path_.parent_path() / partial_ : std::filesystem::path(partial_);
}

Status NewFile::sync() {
  if (::fsync(file_.get()) != 0) return file_error(partial(), "cannot be brought to the disk");
  return {};
}

Status NewFile::publish() {
  INTEGRITY_CHECK(sync());
  const std::string own = path_.filename().string();
  const auto swapped = [&] {
    return Error{Code::unavailable, path_.string() + ": another process removed or replaced " + partial_ +
                                        "; name a file in a folder that nobody else may write to"};
  };
  if (!names(folder_, partial_, file_)) return swapped();
  if (rename_to_new(folder_, partial_, file_, own) != 0) {
    return errno == EEXIST ? taken(path_) : file_error(path_, "cannot be created");
  }
  const Fd folder = std::move(folder_);
  if (!names(folder, own, file_)) return swapped();
  if (::fsync(folder.get()) == 0) return {};
  const Error error = file_error(folder_of(path_), "cannot sync");
  ::unlinkat(folder.get(), own.c_str(), 0);
  return error;
}

void NewFile::remove_leftovers(const std::filesystem::path& folder,
                               const std::function<bool(std::string_view name)>& concerns) noexcept {
  try {
    const Fd in = open_folder(folder);
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      if (is_leftover(name, concerns)) remove_leftover(in, name);
    }
  } catch (const std::exception&) {  // there is no memory: the next one removes them
  }
}

}  // namespace integrity
