#include "api/cursor.hpp"

#include <algorithm>

#include "testing/fuzzing.hpp"

namespace integrity::api {
namespace {

using fuzzing::holds;

// A cursor is ours or nothing: 64 bits of a MAC are not guessed. The input is a text that claims to be one, and the
// parts of one that we write: how long the list's name is, the name, the position. Each has a key of its own, for libFuzzer
// remembers what it saw compared, and would bring what was written for one input as another.
FUZZ_TARGET(cursor) {
  const Secret key("a key that is only for the fuzzer" + std::string(input));
  const auto text = input;
  const std::string list(input.substr(0, fuzzing::take_byte(input)));
  const std::string position(input.substr(std::min(list.size(), input.size())));
  const auto written = write_cursor(key, list, position);
  if (text != written) holds(!read_cursor(key, text), "no text is a cursor that was not written");
  const auto back = read_cursor(key, written);
  holds(back.has_value() == !position.empty(), "a cursor is read if it says where");
  if (!back) return;
  holds(back->position == position, "a position comes back as it was");
  holds(back->of(list) && !back->of(list + "x"), "a cursor belongs to its list");
  auto altered = written;
  altered[text.size() % altered.size()] ^= 1;
  holds(!read_cursor(key, altered), "no bit can be changed");
}

}  // namespace
}  // namespace integrity::api
