// Where a product stands in an order, as both engines write it into ProductPage::next. Private to the engines.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace integrity::store {

// Of key and name one counts, or neither, by the order.
struct Position {
  std::int64_t sequence = 0;
  std::int64_t key = 0;
  std::string name = {};
};

std::string written(const Position& position);
Position read_position(std::string_view bytes);  // throws UnknownPosition

}  // namespace integrity::store
