#include "auth/authenticator.hpp"

#include <cstring>

namespace integrity::auth {

std::size_t Authenticator::Hash::operator()(const crypto::Sha256& digest) const {
  std::size_t value = 0;
  std::memcpy(&value, digest.data(), sizeof value);
  return value;
}

std::optional<SignedIn> Authenticator::alive(const Claims& claims) {
  const Time now = clock_.now();
  // No leeway on expiry: the tokens are our own, by our own clock. `nbf` equals `iat`; a clock set back by a few
  // seconds must not refuse a token just issued, so that is not compared (the session would not exist yet).
  if (to_seconds(now) >= claims.expires_at) return {};
  const auto session = store_.session(claims.session);
  if (!session || session->user != claims.user || now >= session->expires_at) return {};
  return SignedIn(*session);
}

std::optional<SignedIn> Authenticator::authenticate(std::string_view token) {
  const auto digest = crypto::sha256(as_bytes(token));
  Shard& shard = shards_[digest.back() % kShards];
  // Never held while the store is asked: on another machine that takes its time, and others use the same token.
  std::unique_lock lock(shard.mutex);
  if (const auto found = shard.verified.find(digest); found != shard.verified.end()) {
    const Claims claims = found->second;
    lock.unlock();
    auto caller = alive(claims);
    if (!caller) {
      lock.lock();
      shard.verified.erase(digest);
    }
    return caller;
  }
  lock.unlock();
  // Cheap reasons to refuse come before the expensive one: a flood of forged tokens costs little.
  const auto claims = tokens_.read_unverified(token);
  if (!claims) return {};
  auto caller = alive(*claims);
  if (!caller || !tokens_.signature_right(token)) return {};
  lock.lock();
  if (shard.verified.size() >= kShardSizeMax) shard.verified.clear();
  shard.verified.emplace(digest, *claims);
  return caller;
}

}  // namespace integrity::auth
