// The word that was probably meant by a misspelt one.
//
//   nearest("--lisen", {"--data", "--listen"})   // "--listen"
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace integrity {

// The closest by Levenshtein distance, if at most two letters or a third of the word are wrong, and at most half of it.
std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& words);

}  // namespace integrity
