#include "auth/vault.hpp"

#include <algorithm>
#include <stdexcept>

#include "crypto/aead.hpp"
#include "crypto/digest.hpp"

namespace integrity::auth {

Vault::Vault(Secret key, Random& random) : key_(std::move(key)), key_id_{}, random_(random) {
  const auto digest = crypto::hmac_sha256(key_.reveal(), as_bytes("integrity.key-id"));
  std::copy_n(digest.begin(), key_id_.size(), key_id_.begin());
}

Bytes Vault::associated(const UserId& user) const {
  Bytes data(user.bytes.begin(), user.bytes.end());
  data.insert(data.end(), key_id_.begin(), key_id_.end());
  return data;
}

Bytes Vault::seal(const UserId& user, const Secret& secret) const {
  return crypto::seal(key_, secret.reveal(), associated(user), random_);
}

Secret Vault::open(const UserId& user, ByteView sealed) const {
  auto secret = crypto::open(key_, sealed, associated(user));
  if (!secret) throw std::runtime_error("the sealed secret of user " + user.hex() + " does not open");
  return std::move(*secret);
}

}  // namespace integrity::auth
