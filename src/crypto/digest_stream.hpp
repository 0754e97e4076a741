// SHA-256 of data that comes in parts.
#pragma once
#include <memory>

#include "crypto/digest.hpp"

namespace integrity::crypto {

class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  void add(ByteView part);
  Sha256 finish();  // once, at the end

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace integrity::crypto
