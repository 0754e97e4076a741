#include "app/toml.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/bytes.hpp"
#include "base/json.hpp"

namespace integrity::app {
namespace {

// Reads from the front of a text. As far as options need them, numbers, booleans and "texts" in TOML are the same as in
// JSON, so the JSON parser reads them.
class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : rest_(text), file_(file) {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);  // a byte order mark, as some editors write
  }

  Result<TomlOptions> options() {
    TomlOptions out;
    for (skip_lines(); !rest_.empty(); skip_lines()) {
      if (rest_.starts_with('[')) return wrong("tables are not used here: options stand as name = value");
      INTEGRITY_TRY(const std::string name_, name());
      skip_blanks();
      if (!take('=')) return wrong(name_ + " needs = and a value");
      skip_blanks();
      const std::size_t line = line_;
      INTEGRITY_TRY(std::string value_, value(name_));
      skip_blanks();
      if (!at_line_end()) return wrong("something follows the value of " + name_);
      if (!out.emplace(name_, std::move(value_)).second) {
        line_ = line;
        return wrong(name_ + " is set twice");
      }
    }
    return out;
  }

 private:
  Error wrong(const std::string& what) const {
    return Error{Code::invalid_value, file_ + ":" + std::to_string(line_) + ": " + what};
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view take_while(std::string_view of) {
    const auto taken = rest_.substr(0, rest_.find_first_not_of(of));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  void skip_blanks() { take_while(" \t"); }
  bool at_line_end() const { return rest_.empty() || rest_[0] == '#' || rest_[0] == '\n' || rest_.starts_with("\r\n"); }

  // Skips blanks, comments and ends of lines. Other control characters stay, and are refused with their line.
  void skip_lines() {
    for (skip_blanks(); at_line_end() && !rest_.empty(); skip_blanks()) {
      if (take('#')) {
        const auto end = std::ranges::find_if(rest_, [](char c) { return is_control(c); });
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.begin()));
        if (!at_line_end()) return;
      }
      if (rest_.empty()) return;
      take('\r');
      take('\n');
      ++line_;
    }
  }

  static bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f'; }

  Result<std::string> name() {
    constexpr std::string_view bare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const std::string found(take_while(bare));
    if (found.empty()) return wrong("a line is: name = value");
    return found;
  }

  Result<std::string> value(const std::string& of) {
    if (rest_.starts_with('"') || rest_.starts_with('\'')) return text(of);
    if (take('[')) return list(of);
    const std::string_view found = rest_.substr(0, rest_.find_first_of(" \t\r\n#"));
    auto read = json::parse(found);
    using enum json::Value::Kind;
    if (!read || (read->kind != number && read->kind != boolean)) {
      return wrong(of + " must be a text in quotes, number, boolean or list of texts");
    }
    rest_.remove_prefix(found.size());
    return std::move(read->text);
  }

  Result<std::string> text(const std::string& of) {
    const char quote = rest_[0];
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != quote && !is_control(rest_[end])) {
      end += quote == '"' && rest_[end] == '\\' ? 2U : 1U;
    }
    if (end >= rest_.size() || rest_[end] != quote) return wrong("the text of " + of + " has no end on its line");
    const std::string_view quoted = rest_.substr(0, end + 1);
    rest_.remove_prefix(quoted.size());
    if (quote == '\'') return std::string(quoted.substr(1, end - 1));
    auto read = json::parse(quoted);
    if (!read || read->text.find('\0') != std::string::npos) {
      return wrong("the text of " + of + " holds a character or an escape that no text may");
    }
    return std::move(read->text);
  }

  Result<std::string> list(const std::string& of) {
    std::string joined;
    bool first = true;
    for (skip_lines(); !take(']'); skip_lines()) {
      if (!rest_.starts_with('"') && !rest_.starts_with('\'')) return wrong(of + " must be a list of texts");
      INTEGRITY_TRY(const std::string element, text(of));
      if (element.find(',') != std::string::npos)
        return wrong("an element of " + of + " holds a comma");  // elements are joined by it
      joined += (first ? "" : ",") + element;
      first = false;
      skip_lines();
      if (!take(',') && !rest_.starts_with(']')) return wrong("the list of " + of + " has no end");
    }
    return joined;
  }

  std::string_view rest_;
  const std::string& file_;
  std::size_t line_ = 1;
};

}  // namespace

Result<TomlOptions> parse_toml(std::string_view text, const std::string& file) {
  if (!count_code_points(text)) return Error{Code::invalid_value, file + ": is not UTF-8"};
  return Reader(text, file).options();
}

Result<TomlOptions> read_toml(const std::filesystem::path& file, IfMissing if_missing) {
  std::ifstream in(file, std::ios::binary);
  if (!in && errno == ENOENT && if_missing == IfMissing::empty) return TomlOptions{};
  std::string text;
  if (in) std::getline(in, text, '\0');
  if (in.good()) text += '\0';  // it ended the reading, and is refused with its line
  if (!in && !in.eof()) {
    return Error{Code::invalid_value, file.string() + ": cannot be read: " + std::strerror(errno)};
  }
  return parse_toml(text, file.string());
}

}  // namespace integrity::app
