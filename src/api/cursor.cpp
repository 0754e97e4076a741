#include "api/cursor.hpp"

#include "crypto/digest.hpp"

namespace integrity::api {
namespace {

// Version, first 4 bytes of the list's digest, position, first 8 bytes of the HMAC of all these.
constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kListBytes = 4;
constexpr std::size_t kTagBytes = 8;

Bytes tag(const Secret& key, ByteView content) {
  const auto mac = crypto::hmac_sha256(key.reveal(), content);
  return {mac.begin(), mac.begin() + kTagBytes};
}

std::string digest_of(std::string_view list) {
  const auto digest = crypto::sha256(as_bytes(list));
  return std::string(as_text(digest).substr(0, kListBytes));
}

std::optional<Bytes> bytes_of(std::string_view text) {
  auto bytes = from_base64url(text);
  if (!bytes || bytes->size() <= 1 + kListBytes + kTagBytes || bytes->front() != kVersion) return {};
  return bytes;
}

}  // namespace

bool Cursor::of(std::string_view list) const {
  return list_digest == digest_of(list);
}

std::string write_cursor(const Secret& key, std::string_view list, std::string_view position) {
  std::string content(1, static_cast<char>(kVersion));
  content += digest_of(list);
  content += position;
  content += as_text(tag(key, as_bytes(content)));
  return to_base64url(as_bytes(content));
}

std::optional<Cursor> unverified(std::string_view text) {
  const auto bytes = bytes_of(text);
  if (!bytes) return {};
  const ByteView content = ByteView(*bytes).first(bytes->size() - kTagBytes);
  return Cursor{std::string(as_text(content.subspan(1 + kListBytes))),
                std::string(as_text(content.subspan(1, kListBytes)))};
}

std::optional<Cursor> read_cursor(const Secret& key, std::string_view text) {
  const auto bytes = bytes_of(text);
  if (!bytes) return {};
  const ByteView content = ByteView(*bytes).first(bytes->size() - kTagBytes);
  if (!equal_in_constant_time(tag(key, content), ByteView(*bytes).last(kTagBytes))) return {};
  return unverified(text);
}

}  // namespace integrity::api
