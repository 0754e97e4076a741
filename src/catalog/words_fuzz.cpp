#include <algorithm>

#include "base/bytes.hpp"
#include "testing/fuzzing.hpp"
#include "catalog/words.hpp"

namespace integrity::catalog {
namespace {

using fuzzing::holds;

FUZZ_TARGET(words) {
  if (!count_code_points(input)) return;  // texts are UTF-8 when they come here
  auto there = words(input);
  std::sort(there.begin(), there.end());
  const auto asked = query_words(input);
  holds(asked.empty() == there.empty(), "a text that can be asked for can be found");
  for (const auto& word : asked) {
    holds(std::binary_search(there.begin(), there.end(), word), "a text finds itself");
  }
  for (const auto& word : there) {
    holds(!word.empty() && count_code_points(word).has_value(), "words are UTF-8");
    holds(word.find_first_of("\" *\t\n") == word.npos, "words hold nothing that an engine's query language reads");
    holds(query_words(word).size() <= 1, "a word is not divided again");
  }
  const auto key = sort_key(input);
  holds(key.size() <= sort_key_bytes_max, "a cursor holds a key");
  holds(count_code_points(key).has_value(), "keys are UTF-8");
  holds(sort_key(key) == key, "a folded text is folded");
}

}  // namespace
}  // namespace integrity::catalog
