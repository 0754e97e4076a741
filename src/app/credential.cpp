#include "app/credential.hpp"

#include "app/file.hpp"

namespace integrity::app {

Result<Secret> one_line(std::string_view text, const std::string& source) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const auto at = text.find_first_of(std::string_view("\r\n\0", 3));
  if (at == std::string_view::npos) return Secret(text);
  const char* const what = text[at] == '\n'   ? "has more than one line"
                           : text[at] == '\r' ? "has a carriage return in it, as lines of Windows have"
                                              : "has a zero byte in it";
  return Error{Code::unavailable, source + ": " + what + "; put the secret there alone, as one line of text"};
}

Result<std::optional<Secret>> read_credential(const std::filesystem::path& folder, const std::string& name) {
  const auto path = folder / name;
  std::error_code error;
  // One whose status cannot be read counts as existing: reading it will report why.
  if (std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found) return std::nullopt;
  auto content = read_secret_file(path);
  if (!content) return Error{Code::invalid_value, content.error().detail};
  INTEGRITY_TRY(Secret secret, one_line(content->reveal_text(), path.string()));
  if (secret.empty()) return Error{Code::invalid_value, path.string() + ": is empty; remove it, or give it a value"};
  return secret;
}

}  // namespace integrity::app
