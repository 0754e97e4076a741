// What counts as blank: text without a visible character, which would look like another text or like none. One
// definition for every place that refuses blank text.
#pragma once
#include <span>
#include <string_view>

namespace integrity {

struct CodePoints {
  char32_t first, last;
};

// Unicode's White_Space and Default_Ignorable_Code_Point, and the Braille pattern without dots. Only the Basic
// Multilingual Plane, because not every reader of a JSON Schema pattern understands more.
std::span<const CodePoints> blank_code_points();

// True if `text` (UTF-8) has no other characters; also for the empty text.
bool is_blank(std::string_view text);

}  // namespace integrity
