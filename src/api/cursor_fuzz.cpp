#include "api/cursor.hpp"

#include <algorithm>

#include "testing/fuzzing.hpp"

namespace integrity::api {
namespace {

using fuzzing::holds;

// Only signed cursors are read: nobody guesses 64 bits of a MAC. The input is a text to be read as a cursor, and also
// the parts of one to be written: the length of the list's name, the name, the position. Each input has its own key,
// since libFuzzer remembers compared bytes, and would send a cursor that was written for one input as another input.
FUZZ_TARGET(cursor) {
  const Secret key("a key that is only for the fuzzer" + std::string(input));
  const auto text = input;
  const std::string list(input.substr(0, fuzzing::take_byte(input)));
  const std::string position(input.substr(std::min(list.size(), input.size())));
  const auto written = write_cursor(key, list, position);
  if (text != written) holds(!read_cursor(key, text), "only written cursors are read");
  const auto back = read_cursor(key, written);
  holds(back.has_value() == !position.empty(), "a cursor is read if it has a position");
  if (!back) return;
  holds(back->position == position, "the position is unchanged");
  holds(back->of(list) && !back->of(list + "x"), "a cursor belongs to its list");
  auto altered = written;
  altered[text.size() % altered.size()] ^= 1;
  holds(!read_cursor(key, altered), "no bit can be changed");
}

}  // namespace
}  // namespace integrity::api
