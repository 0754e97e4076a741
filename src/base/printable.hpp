// Makes text of unknown origin safe to print on a terminal: in quotes, with escapes for what is invisible, moves the
// cursor, changes the reading direction, or is not UTF-8.
#pragma once
#include <string>
#include <string_view>

namespace integrity {

// A text of more than `max` code points is cut, with "…" after the closing quote.
std::string printable(std::string_view text, std::size_t max = 60);

// A message with such text in it: the same escapes, without quotes, whole. A line feed stays if two spaces follow, as
// where a message goes on in another line.
std::string visible(std::string_view message);
// The same in one line whatever the message is.
std::string visible_line(std::string_view message);

}  // namespace integrity
