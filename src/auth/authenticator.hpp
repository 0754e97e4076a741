// Bearer token -> SignedIn. Runs on every request, on the I/O threads.
//
// A verified token is remembered by its SHA-256 (as long as there is room), for an ES256 signature costs about 100 µs to
// check; its session is looked up each time, so logging out or disabling an account acts at once.
#pragma once
#include <array>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "auth/caller.hpp"
#include "auth/token.hpp"
#include "crypto/digest.hpp"
#include "store/store.hpp"

namespace integrity::auth {

class Authenticator {
 public:
  Authenticator(store::Store& store, const Tokens& tokens, const Clock& clock)
      : store_(store), tokens_(tokens), clock_(clock) {}

  // Nothing for a token that is malformed, forged, too old, or whose session is over: all the same to the caller.
  std::optional<SignedIn> authenticate(std::string_view token);

 private:
  struct Hash {
    std::size_t operator()(const crypto::Sha256& digest) const;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<crypto::Sha256, Claims, Hash> verified;
  };
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kShardSizeMax = 4096;

  std::optional<SignedIn> alive(const Claims& claims);

  store::Store& store_;
  const Tokens& tokens_;
  const Clock& clock_;
  std::array<Shard, kShards> shards_;
};

}  // namespace integrity::auth
