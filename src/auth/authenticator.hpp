// Bearer token -> SignedIn. Runs on every request, on the I/O threads.
//
// A verified token is remembered by its SHA-256 while there is room, because checking an ES256 signature takes about
// 100 µs. Its session is read each time, so a logout or a disabled account takes effect at once.
#pragma once
#include <array>
#include <mutex>
#include <string_view>
#include <tl/expected.hpp>

#include "auth/caller.hpp"
#include "auth/token.hpp"
#include "base/lru.hpp"
#include "crypto/digest.hpp"
#include "store/store.hpp"

namespace integrity::auth {

// Why a token is refused. The holder can read the first four off the token. What only the server knows is one fault: a
// wrong signature, a session that is unknown or has ended, a disabled account.
enum class TokenFault : std::uint8_t { missing, malformed, expired, ahead, not_accepted };

// invalid_token with the text for this fault.
Error refusal(TokenFault fault);
// error_description of RFC 6750 §3, in one or two words for programs. Empty for `missing`, which has no error there.
std::string_view description(TokenFault fault);

class Authenticator {
 public:
  Authenticator(store::Store& store, const Tokens& tokens, const Clock& clock)
      : store_(store), tokens_(tokens), clock_(clock) {}

  tl::expected<SignedIn, TokenFault> authenticate(std::string_view token);

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

  tl::expected<SignedIn, TokenFault> alive(const Claims& claims);

  store::Store& store_;
  const Tokens& tokens_;
  const Clock& clock_;
  std::array<Shard, kShards> shards_;
};

}  // namespace integrity::auth
