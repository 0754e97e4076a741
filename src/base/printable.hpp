// A text of unknown origin as a terminal may have it: in quotes, with escapes for whatever cannot be seen, moves the
// cursor, changes the direction of reading, or is no UTF-8.
#pragma once
#include <string>
#include <string_view>

namespace integrity {

// What is longer than `max` code points is cut, and ends in "…" behind the quote.
std::string printable(std::string_view text, std::size_t max = 60);

}  // namespace integrity
