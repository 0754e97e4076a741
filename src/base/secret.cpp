#include "base/secret.hpp"

#include <cstring>

namespace integrity {

Secret& Secret::operator=(Secret&& other) noexcept {
  wipe(bytes_);
  bytes_ = std::move(other.bytes_);
  other.bytes_.clear();
  return *this;
}

Secret::~Secret() {
  wipe(bytes_);
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = difference | (a[i] ^ b[i]);
  return difference == 0;
}

void wipe(void* data, std::size_t size) {
  if (size > 0) ::explicit_bzero(data, size);
}

void wipe(std::string& text) {
  wipe(text.data(), text.size());
}

void wipe(Bytes& bytes) {
  wipe(bytes.data(), bytes.size());
}

}  // namespace integrity
