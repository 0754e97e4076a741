#include "store/position.hpp"

#include "store/store.hpp"

namespace integrity::store {
namespace {

void append_number(std::string& out, std::int64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
}

std::int64_t take_number(std::string_view& bytes) {
  if (bytes.size() < 8) throw UnknownPosition("a position is too short");
  std::uint64_t value = 0;
  for (const char byte : bytes.substr(0, 8)) value = value << 8 | static_cast<std::uint8_t>(byte);
  bytes.remove_prefix(8);
  return static_cast<std::int64_t>(value);
}

}  // namespace

std::string written(const Position& position) {
  std::string bytes;
  append_number(bytes, position.sequence);
  append_number(bytes, position.key);
  return bytes + position.name;
}

Position read_position(std::string_view bytes) {
  Position position;
  position.sequence = take_number(bytes);
  position.key = take_number(bytes);
  position.name = bytes;
  return position;
}

}  // namespace integrity::store
