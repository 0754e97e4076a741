#include "auth/authenticator.hpp"

#include <cstring>

#include "model/lifetime.hpp"

namespace integrity::auth {

std::size_t Authenticator::Hash::operator()(const crypto::Sha256& digest) const {
  std::size_t value = 0;
  std::memcpy(&value, digest.data(), sizeof value);
  return value;
}

tl::expected<SignedIn, TokenFault> Authenticator::alive(const Claims& claims) {
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
  return SignedIn(*session);
}

tl::expected<SignedIn, TokenFault> Authenticator::authenticate(std::string_view token) {
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

Error refusal(TokenFault fault) {
  switch (fault) {
    case TokenFault::missing:
      return {Code::invalid_token,
              "there is no token: send Authorization: Bearer <access_token>, which POST /verify-2fa gives"};
    case TokenFault::malformed:
      return {Code::invalid_token,
              "this is not an access token of this server: send the whole access_token that POST /verify-2fa gave; a "
              "challenge is not one"};
    case TokenFault::expired:
      return {Code::invalid_token, "the token has expired, after ten minutes; log in again with POST /login"};
    case TokenFault::ahead:
      return {.code = Code::invalid_token,
              .detail =
                  "the token was issued at a time in the future: the clock of the server was ahead then, or "
                  "is behind now; log in again with POST /login",
              .cause = "clock.ahead"};
    case TokenFault::not_accepted:
      break;
  }
  return invalid_token();
}

std::string_view description(TokenFault fault) {
  switch (fault) {
    case TokenFault::missing:
      return "";
    case TokenFault::malformed:
      return "malformed";
    case TokenFault::expired:
      return "expired";
    case TokenFault::ahead:
      return "issued in the future";
    case TokenFault::not_accepted:
      break;
  }
  return "not accepted";
}

}  // namespace integrity::auth
