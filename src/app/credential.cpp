#include "app/credential.hpp"

#include "app/file.hpp"

namespace integrity::app {

Result<std::optional<Secret>> read_credential(const std::filesystem::path& folder, const std::string& name) {
  const auto path = folder / name;
  std::error_code error;
  // One whose status cannot be read counts as existing: reading it will report why.
  if (std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found) return std::nullopt;
  auto content = read_secret_file(path);
  if (!content) return Error{Code::invalid_value, content.error().detail};
  std::string_view text = content->reveal_text();
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty()) return Error{Code::invalid_value, path.string() + ": is empty; remove it, or give it a value"};
  return Secret(text);
}

}  // namespace integrity::app
