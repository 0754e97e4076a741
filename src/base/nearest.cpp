#include "base/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace integrity {
namespace {

// The number of letters to change, insert or remove to turn one into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);  // distances from the first letters of `a` to each prefix of `b`
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& words) {
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const std::string& word : words) {
    const std::size_t d = distance(typed, word);
    if (d > std::max<std::size_t>(2, word.size() / 3) || 2 * d > word.size() || (best && d >= best_distance)) continue;
    best = word;
    best_distance = d;
  }
  return best;
}

}  // namespace integrity
