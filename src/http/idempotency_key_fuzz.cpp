#include "http/idempotency_key.hpp"

#include <algorithm>
#include <string>

#include "testing/fuzzing.hpp"

namespace integrity::http {
namespace {

using fuzzing::holds;

bool visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

// Both forms of any length; the quoted one is read from its end.
bool by_the_book(std::string_view input) {
  if (input.empty() || !visible(input)) return false;
  if (input.front() != '"') return true;
  if (input.size() < 3 || input.back() != '"') return false;
  auto inside = input.substr(1, input.size() - 2);
  while (!inside.empty()) {
    const auto special = inside.back() == '"' || inside.back() == '\\';
    // An escape is two characters; a backslash before them is the end of another escape.
    if (special && (inside.size() < 2 || inside[inside.size() - 2] != '\\')) return false;
    inside.remove_suffix(special ? 2 : 1);
  }
  return true;
}

std::string quote(const std::string& key) {
  std::string out = "\"";
  for (char c : key) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

FUZZ_TARGET(idempotency_key) {
  const auto key = parse_idempotency_key(input);
  if (!key) {
    holds(key.error().code == Code::bad_request, "the error is bad_request");
    holds(input.size() > idempotency_key_max || !by_the_book(input), "what the grammar allows is accepted");
    return;
  }
  holds(!key->empty() && key->size() <= idempotency_key_max, "a key has 1 to 255 characters");
  holds(by_the_book(input), "only what the grammar allows is accepted");
  holds(parse_idempotency_key(quote(*key)).value_or("") == *key, "a key in quotes is the same key");
  if (key->front() != '"') holds(parse_idempotency_key(*key).value_or("") == *key, "and so is a bare one");
}

}  // namespace
}  // namespace integrity::http
