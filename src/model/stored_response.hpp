// The response to a request with an Idempotency-Key, kept for when the request is sent again. Not a record: it has no
// history.
#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "model/user.hpp"

namespace integrity::model {

// A digest of the request's path and its Idempotency-Key. Unique among the keys of one user: half of a SHA-256 is
// enough.
using ResponseKey = std::array<std::uint8_t, 16>;

struct StoredResponse {
  Digest request{};  // SHA-256 of the request's body
  int status = 0;
  std::string headers = {};  // "Location: …\r\nETag: …\r\n"
  std::string body = {};
  Time expires_at{};

  bool operator==(const StoredResponse&) const = default;
};

}  // namespace integrity::model
