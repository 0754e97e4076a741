// Secrets that arrive as files. systemd (LoadCredential) and containers put each secret into a file of one folder and
// name the folder in $CREDENTIALS_DIRECTORY, so that no secret is in an environment that child processes and crash
// reports show.
//
//   auto uri = read_credential(folder, "MONGO_URI");   // in place of the variable of that name
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace integrity::app {

// `text` without the one line feed at its end that editors and `echo` add. Error: there is more than one line in it, a
// carriage return or a zero byte, so that it is not what it was meant to be. `source` names it in the error.
Result<Secret> one_line(std::string_view text, const std::string& source);

// One line. Nothing where there is no such file. Error: it cannot be read, is empty, is not one line, or others can read
// it.
Result<std::optional<Secret>> read_credential(const std::filesystem::path& folder, const std::string& name);

}  // namespace integrity::app
