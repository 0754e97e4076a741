#include "base/file_error.hpp"

#include <cerrno>
#include <cstring>

namespace integrity {
namespace {

const char* advice(int why) {
  switch (why) {
    case EACCES:
    case EPERM:
      return "; run as the user that owns it, or use another folder";
    case EROFS:
      return "; make its file system writable, or use another folder";
    case ENOSPC:
    case EDQUOT:
      return "; make room on its disk";
    case EMFILE:
    case ENFILE:
      return "; allow more open files (ulimit -n, LimitNOFILE=)";
    case EIO:
      return "; look for errors of the disk in the system's log";
    default:
      return "";
  }
}

std::string fault(const std::string& what, int why) {
  return what + ": " + std::strerror(why) + advice(why);
}

}  // namespace

Error file_error(const std::filesystem::path& path, const std::string& what) {
  const int why = errno;  // before memory is asked for
  return {Code::unavailable, path.string() + ": " + fault(what, why)};
}

std::string file_fault(const std::string& what) {
  return fault(what, errno);
}

}  // namespace integrity
