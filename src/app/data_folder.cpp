#include "app/data_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace integrity::app {
namespace {

// The holder writes its number into the file. It is for people only: what counts is the lock.
std::string holder(int fd) {
  char text[32] = {};
  const auto size = ::pread(fd, text, sizeof text - 1, 0);
  const long process = size > 0 ? std::strtol(text, nullptr, 10) : 0;
  return process > 0 ? "process " + std::to_string(process) : "another process";
}

}  // namespace

Result<DataFolder> DataFolder::open(const std::filesystem::path& path) {
  INTEGRITY_CHECK(make_folder(path));
  const auto file = path / "lock";
  Fd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return file_error(file, "cannot open");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return file_error(file, "cannot lock");
    return Error{Code::overloaded, path.string() + " is in use by " + holder(lock.get())};
  }
  const std::string number = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.get(), 0) != 0 ||
      ::pwrite(lock.get(), number.data(), number.size(), 0) != static_cast<ssize_t>(number.size())) {
    return file_error(file, "cannot write");
  }
  return DataFolder(path, std::move(lock));
}

}  // namespace integrity::app
