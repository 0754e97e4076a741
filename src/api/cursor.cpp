#include "api/cursor.hpp"

#include <algorithm>

#include "crypto/digest.hpp"

namespace integrity::api {
namespace {

// version ‖ created_at (milliseconds, big endian) ‖ id[12] ‖ first 8 bytes of the HMAC over all before.
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kPositionBytes = 1 + 8 + 12;
constexpr std::size_t kTagBytes = 8;

Bytes tag(const Secret& key, ByteView position) {
  const auto mac = crypto::hmac_sha256(key.reveal(), position);
  return {mac.begin(), mac.begin() + kTagBytes};
}

}  // namespace

std::string write_cursor(const Secret& key, const model::ProductPosition& position) {
  Bytes bytes{kVersion};
  const auto millis = static_cast<std::uint64_t>(to_millis(position.created_at));
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(millis >> shift));
  bytes.insert(bytes.end(), position.id.bytes.begin(), position.id.bytes.end());
  const Bytes mac = tag(key, bytes);
  bytes.insert(bytes.end(), mac.begin(), mac.end());
  return to_base64url(bytes);
}

std::optional<model::ProductPosition> read_cursor(const Secret& key, std::string_view text) {
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->size() != kPositionBytes + kTagBytes || bytes->front() != kVersion) return {};
  const ByteView position = ByteView(*bytes).first(kPositionBytes);
  if (!equal_in_constant_time(tag(key, position), ByteView(*bytes).last(kTagBytes))) return {};
  std::uint64_t millis = 0;
  for (std::uint8_t byte : position.subspan(1, 8)) millis = millis << 8 | byte;
  return model::ProductPosition{from_millis(static_cast<std::int64_t>(millis)),
                                ProductId::from_bytes(position.last(12))};
}

}  // namespace integrity::api
