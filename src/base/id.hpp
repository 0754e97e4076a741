// Record ids: 12 bytes, written as 24 lower-case hex characters; 4 bytes of seconds, 8 random bytes.
// The shape of a MongoDB ObjectId on both engines, so that imported records keep their ids.
// Each kind of record has a type of its own: a user's id cannot be passed where a product's is wanted.
#pragma once
#include <array>
#include <compare>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace integrity {

template <class Tag>
struct Id {
  std::array<std::uint8_t, 12> bytes{};

  static Id make(Time now, Random& random) {
    Id id;
    const auto seconds = static_cast<std::uint32_t>(to_seconds(now));
    for (unsigned i = 0; i < 4; ++i) {
      id.bytes[i] = static_cast<std::uint8_t>(seconds >> (24 - 8 * i));
    }
    random.fill(std::span(id.bytes).subspan(4));
    return id;
  }
  // Nothing unless `text` is written as `hex` writes it: 24 hex digits in lower case.
  static std::optional<Id> parse(std::string_view text) {
    if (text.size() != 24) return {};
    const auto bytes = from_hex(text);
    if (!bytes) return {};
    return from_bytes(*bytes);
  }
  static Id from_bytes(ByteView view) {  // exactly 12 bytes
    Id id;
    std::memcpy(id.bytes.data(), view.data(), id.bytes.size());
    return id;
  }
  std::string hex() const { return to_hex(bytes); }
  auto operator<=>(const Id&) const = default;
};

using UserId = Id<struct UserTag>;
using ProductId = Id<struct ProductTag>;
using SessionId = Id<struct SessionTag>;
using ApiKeyId = Id<struct ApiKeyTag>;
using InvitationId = Id<struct InvitationTag>;
using RecordId = Id<struct RecordTag>;  // of a record of any kind, in changes and logs

template <class Tag>
RecordId record_id(const Id<Tag>& id) {
  return RecordId{id.bytes};
}

// The last eight bytes of an id are random, so they serve as its hash.
struct IdHash {
  template <class Tag>
  std::size_t operator()(const Id<Tag>& id) const {
    std::size_t value = 0;
    std::memcpy(&value, id.bytes.data() + 4, sizeof value);
    return value;
  }
};

}  // namespace integrity
