// Files that are compiled into the program, by name: style sheet, example clients, transcripts of problems.
#pragma once
#include <string_view>

#include "api/texts.hpp"

namespace integrity::api {

// Empty when there is no such file.
inline std::string_view embedded_text(std::string_view name) {
  for (const auto& [known, text] : embedded::api_texts) {
    if (known == name) return text;
  }
  return {};
}

}  // namespace integrity::api
