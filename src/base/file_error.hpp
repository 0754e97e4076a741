// Errors of files: what failed, why, and what the operator can do.
#pragma once
#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace integrity {

// "PATH: WHAT: No space left on device; make room on its disk", from errno.
Error file_error(const std::filesystem::path& path, const std::string& what);
// "cannot be opened: Permission denied; run as …", the same without its path.
std::string file_fault(const std::string& what);

}  // namespace integrity
