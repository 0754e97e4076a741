#include "base/fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file_error.hpp"

namespace integrity {

Result<Fd> open_regular_file(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO would wait for its other end
  if (!fd.valid()) return file_error(path, "cannot read");
  struct stat state {};
  if (::fstat(fd.get(), &state) != 0) return file_error(path, "cannot read");
  if (S_ISREG(state.st_mode)) return fd;
  const char* const what = S_ISDIR(state.st_mode) ? "a folder" : "a device, a pipe or a socket";
  return Error{Code::unavailable, path.string() + ": is " + what + "; name a file"};
}

}  // namespace integrity
