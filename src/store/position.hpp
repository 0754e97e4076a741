// Where a list continues: the position of a product in an order, as both engines write it into ProductPage::next.
// Private to the engines.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace integrity::store {

// The order decides which of `key` and `name` counts, if any.
struct Position {
  std::int64_t sequence = 0;
  std::int64_t key = 0;
  std::string name = {};
};

std::string written(const Position& position);
Position read_position(std::string_view bytes);  // throws UnknownPosition

}  // namespace integrity::store
