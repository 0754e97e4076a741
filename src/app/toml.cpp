#include "app/toml.hpp"

#include <toml++/toml.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

namespace integrity::app {
namespace {

std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_floating_point()) {
    char buffer[32];
    const auto end = std::to_chars(std::begin(buffer), std::end(buffer), number->get()).ptr;  // the shortest
    return std::string(std::begin(buffer), end);
  }
  const auto* list = node.as_array();
  if (list == nullptr) return {};
  std::string joined;
  for (const auto& element : *list) {
    const auto* text = element.as_string();
    if (text == nullptr) return {};
    joined += (joined.empty() ? "" : ",") + text->get();
  }
  return joined;
}

}  // namespace

Result<TomlOptions> read_toml(const std::filesystem::path& file, IfMissing if_missing) {
  std::ifstream in(file, std::ios::binary);
  if (!in && errno == ENOENT && if_missing == IfMissing::empty) return TomlOptions{};
  std::string text;
  // Whole: TOML knows no NUL, so one that stops the reading is an error like any other.
  if (in) std::getline(in, text, '\0');
  if (!in.eof()) {
    return Error{Code::invalid_value, file.string() + ": cannot be read: " + std::strerror(errno)};
  }
  TomlOptions options;
  try {
    for (const auto& [key, node] : toml::parse(text, file.string())) {
      auto value = text_of(node);
      if (!value) {
        return Error{Code::invalid_value, file.string() + ": " + std::string(key.str()) +
                                              " must be a text, number, boolean or list of texts"};
      }
      options.emplace(key.str(), std::move(*value));
    }
  } catch (const toml::parse_error& error) {
    return Error{Code::invalid_value, file.string() + ":" + std::to_string(error.source().begin.line) + ": " +
                                          std::string(error.description())};
  }
  return options;
}

}  // namespace integrity::app
