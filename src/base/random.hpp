// The source of random bytes. Code that needs them takes a Random&; tests pass a seeded one.
#pragma once
#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/secret.hpp"

namespace integrity {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;  // safe from any thread

  Bytes bytes(std::size_t count) {
    Bytes out(count);
    fill(out);
    return out;
  }
  Secret secret(std::size_t count) { return Secret(bytes(count)); }
};

// getrandom(2). Ends the process if the kernel gives none: nothing in this server is safe without.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace integrity
