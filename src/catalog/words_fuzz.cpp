#include <algorithm>

#include "base/bytes.hpp"
#include "catalog/words.hpp"
#include "testing/fuzzing.hpp"

namespace integrity::catalog {
namespace {

using fuzzing::holds;

FUZZ_TARGET(words) {
  if (!count_code_points(input)) return;  // callers pass only UTF-8
  auto there = words(input);
  std::sort(there.begin(), there.end());
  const auto asked = query_words(input);
  holds(asked.empty() == there.empty(), "a query has words exactly when the text has");
  for (const auto& word : asked) {
    holds(std::binary_search(there.begin(), there.end(), word), "a text finds itself");
  }
  for (const auto& word : there) {
    holds(!word.empty() && count_code_points(word).has_value(), "words are UTF-8");
    holds(word.find_first_of("\" *\t\n") == word.npos, "words contain no syntax of an engine's queries");
    holds(query_words(word).size() <= 1, "a word is not divided again");
  }
  const auto key = sort_key(input);
  holds(key.size() <= sort_key_bytes_max, "a key is not too long for a cursor");
  holds(count_code_points(key).has_value(), "keys are UTF-8");
  holds(sort_key(key) == key, "folding a key changes nothing");
}

}  // namespace
}  // namespace integrity::catalog
