#include "auth/refresh_token.hpp"

#include "base/bytes.hpp"
#include "testing/fuzzing.hpp"

namespace integrity::auth {
namespace {

using fuzzing::holds;

const Secret& key() {
  static const Secret made(std::string_view("a key that is only for the fuzzer"));
  return made;
}

const std::string& our_token() {
  static const std::string made = write_refresh_token(key(), {SessionId{}, 7});
  return made;
}

// Any bytes as a token: what is read is what would be written, so each token has one form.
void as_token(std::string_view input) {
  const auto read = read_refresh_token(key(), input);
  if (read) holds(write_refresh_token(key(), *read) == input, "a token that is read was written with our key");
  const Secret other(std::string_view("another key"));
  holds(!read || !read_refresh_token(other, input), "no token is good for two keys");
}

// Our token, changed by the input: position, number of characters removed, and what replaces them.
void as_change(std::string_view input) {
  std::string changed = our_token();
  const std::size_t at = fuzzing::take_byte(input), gone = fuzzing::take_byte(input);
  changed.replace(at % (changed.size() + 1), gone, input);
  holds(read_refresh_token(key(), changed).has_value() == (changed == our_token()), "a changed token is refused");
}

// Any claims, written and read.
void as_claims(std::string_view input) {
  if (input.size() < 20) return;
  RefreshToken token{SessionId::from_bytes(as_bytes(input.substr(0, 12))), 0};
  std::uint64_t generation = 0;
  for (const char c : input.substr(12, 8)) generation = generation << 8 | static_cast<std::uint8_t>(c);
  token.generation = static_cast<std::int64_t>(generation);
  holds(read_refresh_token(key(), write_refresh_token(key(), token)) == token, "a token means its claims");
}

FUZZ_TARGET(refresh_token) {
  switch (fuzzing::take_byte(input)) {
    case 'c':
      return as_change(input);
    case 'w':
      return as_claims(input);
    default:
      return as_token(input);
  }
}

}  // namespace
}  // namespace integrity::auth
