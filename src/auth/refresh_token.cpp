#include "auth/refresh_token.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "crypto/digest.hpp"

namespace integrity::auth {
namespace {

constexpr std::size_t kIdBytes = 12, kGenerationBytes = 8, kMacBytes = 32;
constexpr std::size_t kClaimBytes = kIdBytes + kGenerationBytes;
constexpr std::size_t kCharacters = (8 * (kClaimBytes + kMacBytes) + 5) / 6;

}  // namespace

std::string write_refresh_token(const Secret& key, const RefreshToken& token) {
  Bytes bytes(token.session.bytes.begin(), token.session.bytes.end());
  const auto generation = static_cast<std::uint64_t>(token.generation);
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(generation >> shift));
  const auto mac = crypto::hmac_sha256(key.reveal(), bytes);
  bytes.insert(bytes.end(), mac.begin(), mac.end());
  return to_base64url(bytes);
}

std::optional<RefreshToken> read_refresh_token(const Secret& key, std::string_view text) {
  if (text.size() != kCharacters) return {};
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->size() != kClaimBytes + kMacBytes) return {};
  const ByteView all(*bytes), claim = all.first(kClaimBytes);
  if (!equal_in_constant_time(crypto::hmac_sha256(key.reveal(), claim), all.subspan(kClaimBytes))) return {};
  std::uint64_t generation = 0;
  for (const std::uint8_t byte : claim.subspan(kIdBytes)) generation = generation << 8 | byte;
  return RefreshToken{SessionId::from_bytes(claim.first(kIdBytes)), static_cast<std::int64_t>(generation)};
}

}  // namespace integrity::auth
