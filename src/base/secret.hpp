// Bytes that must not leak: passwords, keys, TOTP secrets. A Secret cannot be printed, logged, copied or
// compared with ==, and its memory is wiped when it ends. `reveal` is the only access, easy to search for.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace integrity {

class Secret {
 public:
  Secret() = default;
  explicit Secret(Bytes bytes) : bytes_(std::move(bytes)) {}
  explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // The view is valid as long as this Secret. Callers MUST NOT keep a copy or put it in a message.
  ByteView reveal() const { return bytes_; }
  std::string_view reveal_text() const { return as_text(bytes_); }
  Secret clone() const { return Secret(Bytes(bytes_)); }
  bool empty() const { return bytes_.empty(); }

 private:
  Bytes bytes_;
};

// Takes the same time wherever the two differ; lengths are not secret.
bool equal_in_constant_time(ByteView a, ByteView b);

// Overwrites memory in a way the compiler may not leave out.
void wipe(void* data, std::size_t size);
void wipe(std::string& text);
void wipe(Bytes& bytes);

}  // namespace integrity
