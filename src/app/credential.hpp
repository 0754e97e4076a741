// Secrets that arrive as files. systemd (LoadCredential) and containers put each secret into a file of one folder and
// name the folder in $CREDENTIALS_DIRECTORY, so that no secret is in an environment that child processes and crash
// reports show.
//
//   auto uri = read_credential(folder, "MONGO_URI");   // in place of the variable of that name
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace integrity::app {

// Without the line feed at its end, which editors and `echo` add. Nothing where there is no such file. Error: it cannot
// be read, is empty, or others can read it.
Result<std::optional<Secret>> read_credential(const std::filesystem::path& folder, const std::string& name);

}  // namespace integrity::app
