#include "app/data_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace integrity::app {
namespace {

// "process 4711", from the number that the holder wrote into the file.
std::string holder(const std::filesystem::path& file) {
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  char text[32] = {};
  const auto size = ::pread(fd.get(), text, sizeof text - 1, 0);
  const long process = size > 0 ? std::strtol(text, nullptr, 10) : 0;
  return process > 0 ? "process " + std::to_string(process) : "another process";
}

// Locks what `fd` is open on, a folder or a file in it.
Status lock_now(int fd, const std::filesystem::path& folder, const std::filesystem::path& shown) {
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return file_error(shown, "cannot lock");
  return Error{Code::overloaded, folder.string() + " is in use by " + holder(folder / "lock") +
                                     "; stop that first, or name another folder with --data"};
}

}  // namespace

Result<DataFolder> DataFolder::open(const std::filesystem::path& path) {
  INTEGRITY_CHECK(make_folder(path));
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return file_error(path, "cannot open");
  INTEGRITY_CHECK(lock_now(folder.get(), path, path));
  const auto file = path / "lock";
  Fd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return file_error(file, "cannot open");
  INTEGRITY_CHECK(lock_now(lock.get(), path, file));
  const std::string number = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.get(), 0) != 0 ||
      ::pwrite(lock.get(), number.data(), number.size(), 0) != static_cast<ssize_t>(number.size())) {
    return file_error(file, "cannot write");
  }
  return DataFolder(path, std::move(folder), std::move(lock));
}

bool is_name_of_data_folder(std::string_view name) {
  for (const std::string_view begin : {"integrity.db", "control.sock", "before-upgrade-"}) {
    if (name.starts_with(begin)) return true;
  }
  return name == "lock" || name == "keys" || name == "integrity.toml";
}

}  // namespace integrity::app
