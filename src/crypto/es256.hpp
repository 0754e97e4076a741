// ECDSA over P-256 with SHA-256, as JOSE writes it (RFC 7518 §3.4): signatures are r ‖ s, 64 bytes.
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace integrity::crypto {

// Immutable once made; signing and verifying are safe from any thread.
class Es256Key {
 public:
  using Signature = std::array<std::uint8_t, 64>;
  struct Point {
    std::array<std::uint8_t, 32> x, y;
  };

  static Es256Key generate();
  static std::optional<Es256Key> from_pem(const Secret& pem);  // PKCS#8, a P-256 private key
  Secret to_pem() const;

  Signature sign(ByteView data) const;
  bool verify(ByteView data, ByteView signature) const;
  Point public_point() const;

 private:
  struct Impl;
  explicit Es256Key(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace integrity::crypto
