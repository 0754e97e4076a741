#include "auth/authenticator.hpp"

#include <algorithm>
#include <cstring>

#include "auth/network.hpp"
#include "model/lifetime.hpp"

namespace integrity::auth {

std::size_t Authenticator::Hash::operator()(const crypto::Sha256& digest) const {
  std::size_t value = 0;
  std::memcpy(&value, digest.data(), sizeof value);
  return value;
}

tl::expected<Principal, TokenFault> Authenticator::alive(const Claims& claims) {
  const Time now = clock_.now();
  // No leeway on expiry: the tokens are our own, by our own clock.
  if (to_seconds(now) >= claims.expires_at) return tl::unexpected(TokenFault::expired);
  // Some on `iat`, which `nbf` equals: a clock that was corrected by seconds must not refuse a token just issued. But
  // one of a clock that was ahead by more must not be good for that long.
  if (claims.issued_at > to_seconds(now + model::clock_error_max)) return tl::unexpected(TokenFault::ahead);
  const auto session = store_.session(claims.session);
  if (!session || session->user != claims.user || model::is_over(*session, now)) {
    return tl::unexpected(TokenFault::not_accepted);
  }
  return Principal(*session);
}

tl::expected<Principal, TokenFault> Authenticator::by_key(std::string_view text) {
  if (keys_ == nullptr || !keys_->on()) return tl::unexpected(TokenFault::keys_off);
  if (!is_key_text(text)) return tl::unexpected(TokenFault::key_not_accepted);
  auto key = store_.api_key(key_hash(text));
  if (!key || !key->role || key->revoked_at || is_over(*key, clock_.now())) {
    return tl::unexpected(TokenFault::key_not_accepted);
  }
  return Principal(std::move(key));
}

bool Authenticator::works_from(const model::ApiKey& key, std::string_view address) {
  return std::any_of(key.addresses.begin(), key.addresses.end(), [&](const std::string& text) {
    const auto network = Network::parse(text);
    return network && network->has(address);
  });
}

void Authenticator::used(const model::ApiKey& key) {
  keys_->used(key.id, clock_.now());
}

tl::expected<Principal, TokenFault> Authenticator::by_token(std::string_view token) {
  if (token.empty()) return tl::unexpected(TokenFault::missing);
  const auto digest = crypto::sha256(as_bytes(token));
  Shard& shard = shards_[digest.back() % kShards];
  // Never held while the store is asked: on another machine that takes its time, and others use the same token.
  std::unique_lock lock(shard.mutex);
  if (const Claims* const found = shard.verified.find(digest)) {
    const Claims claims = *found;
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
  auto claims = tokens_.read_unverified(token);
  if (!claims) return tl::unexpected(TokenFault::malformed);
  auto caller = alive(*claims);
  if (!caller) return caller;
  if (!tokens_.signature_right(token)) return tl::unexpected(TokenFault::not_accepted);
  claims->token_id = {};  // nothing is decided by these
  claims->amr = {};
  lock.lock();
  shard.verified.put(digest, std::move(*claims));
  return caller;
}

std::optional<Principal> Authenticator::still(const Principal& caller) {
  if (const model::Session* session = caller.session()) {
    const auto now = store_.session(session->id);
    if (!now || model::is_over(*now, clock_.now())) return {};
    return Principal(*now);
  }
  auto now = store_.api_key(caller.key()->hash);
  if (!now || is_over(*now, clock_.now())) return {};
  return Principal(std::move(now));
}

Error refusal(TokenFault fault) {
  switch (fault) {
    case TokenFault::missing:
      return {Code::invalid_token,
              "there is no token: send Authorization: Bearer <access_token>, which POST /verify-2fa gives"};
    case TokenFault::keys_off:
      return {Code::invalid_token, keys_are_off().detail};
    case TokenFault::malformed:
      return {Code::invalid_token,
              "this is not an access token of this server: send the whole access_token that POST /verify-2fa gave; a "
              "challenge is not one"};
    case TokenFault::expired:
      return {Code::invalid_token,
              "the token has expired: get another one with POST /token/refresh, or log in again with POST /login"};
    case TokenFault::ahead:
      return {.code = Code::invalid_token,
              .detail =
                  "the token was issued at a time in the future: the clock of the server was ahead then, or "
                  "is behind now; log in again with POST /login",
              .cause = "clock.ahead"};
    case TokenFault::key_not_accepted:
      return key_not_accepted();
    case TokenFault::not_accepted:
      break;
  }
  return invalid_token();
}

std::string_view description(TokenFault fault) {
  switch (fault) {
    case TokenFault::missing:
    case TokenFault::keys_off:
      return "";
    case TokenFault::malformed:
      return "malformed";
    case TokenFault::expired:
      return "expired";
    case TokenFault::ahead:
      return "issued in the future";
    case TokenFault::not_accepted:
    case TokenFault::key_not_accepted:
      break;
  }
  return "not accepted";
}

}  // namespace integrity::auth
