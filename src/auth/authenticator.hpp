// Bearer token -> Principal. Runs on every request, on the I/O threads.
//
// A verified access token is remembered by its SHA-256 while there is room, because checking an ES256 signature takes
// about 100 µs. Its session is read each time, so a logout or a disabled account takes effect at once. A key is looked
// up by its SHA-256, and the store has in memory what is needed for it.
#pragma once
#include <array>
#include <mutex>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "auth/api_keys.hpp"
#include "auth/caller.hpp"
#include "auth/key_text.hpp"
#include "auth/token.hpp"
#include "base/lru.hpp"
#include "crypto/digest.hpp"
#include "store/store.hpp"

namespace integrity::auth {

// Why a token is refused. The holder can read the first four off the token. What only the server knows is one fault: a
// wrong signature, a session that is unknown or has ended, a disabled account. Whatever is wrong with a key is another.
enum class TokenFault : std::uint8_t { missing, malformed, expired, ahead, not_accepted, key_not_accepted, keys_off };

// invalid_token with the text for this fault.
Error refusal(TokenFault fault);
// error_description of RFC 6750 §3, in one or two words for programs. Empty for `missing`, which has no error there.
std::string_view description(TokenFault fault);

class Authenticator {
 public:
  // Without `keys`, keys for programs are off.
  Authenticator(store::Store& store, const Tokens& tokens, const Clock& clock, ApiKeys* keys = nullptr)
      : store_(store), tokens_(tokens), clock_(clock), keys_(keys) {}

  // `address` gives that of the client, as in Client; it is asked only for a key that works from some networks only.
  template <class F>
  tl::expected<Principal, TokenFault> authenticate(std::string_view bearer, F address) {
    if (!bearer.starts_with(key_prefix)) return by_token(bearer);
    auto caller = by_key(bearer);
    if (!caller) return caller;
    const model::ApiKey& key = *caller->key();
    if (!key.addresses.empty() && !works_from(key, address())) {
      return tl::unexpected(TokenFault::key_not_accepted);
    }
    used(key);
    return caller;
  }

  // The same caller as they are now: with another role, or nothing where the session or the key has ended.
  std::optional<Principal> still(const Principal& caller);

 private:
  struct Hash {
    std::size_t operator()(const crypto::Sha256& digest) const;
  };
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kShardSizeMax = 4096;
  struct Shard {
    std::mutex mutex;
    Lru<crypto::Sha256, Claims, Hash> verified{kShardSizeMax};
  };

  tl::expected<Principal, TokenFault> by_token(std::string_view token);
  tl::expected<Principal, TokenFault> alive(const Claims& claims);
  tl::expected<Principal, TokenFault> by_key(std::string_view text);
  static bool works_from(const model::ApiKey& key, std::string_view address);
  void used(const model::ApiKey& key);

  store::Store& store_;
  const Tokens& tokens_;
  const Clock& clock_;
  ApiKeys* keys_;
  std::array<Shard, kShards> shards_;
};

}  // namespace integrity::auth
