// What counts as blank: text of which nothing can be seen, and which would pass for another or for none. One answer for
// every place where a blank text is refused.
#pragma once
#include <span>
#include <string_view>

namespace integrity {

struct CodePoints {
  char32_t first, last;
};

// Unicode's White_Space and Default_Ignorable_Code_Point, and the Braille pattern without dots; of the first plane, since
// patterns of JSON Schema can say no more to every reader.
std::span<const CodePoints> blank_code_points();

// Whether there is nothing else in it. `text` is UTF-8.
bool is_blank(std::string_view text);

}  // namespace integrity
