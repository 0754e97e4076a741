#include "auth/vault.hpp"

#include <algorithm>
#include <stdexcept>

#include "crypto/aead.hpp"
#include "crypto/digest.hpp"

namespace integrity::auth {

Vault::Vault(const Secret& key, Random& random)
    : totp_key_(crypto::derive_key(key.reveal(), "integrity/totp-secrets")),
      recovery_code_key_(crypto::derive_key(key.reveal(), "integrity/recovery-codes")),
      refresh_token_key_(crypto::derive_key(key.reveal(), "integrity/refresh-tokens")),
      key_id_{},
      random_(random) {
  const auto id = crypto::derive_key(key.reveal(), "integrity/key-id");
  std::copy_n(id.reveal().begin(), key_id_.size(), key_id_.begin());
}

Bytes Vault::associated(const UserId& user) const {
  Bytes data(user.bytes.begin(), user.bytes.end());
  data.insert(data.end(), key_id_.begin(), key_id_.end());
  return data;
}

Bytes Vault::encrypt(const UserId& user, const Secret& secret) const {
  return crypto::seal(totp_key_, secret.reveal(), associated(user), random_);
}

Secret Vault::decrypt(const UserId& user, ByteView encrypted) const {
  auto secret = crypto::open(totp_key_, encrypted, associated(user));
  if (!secret) throw std::runtime_error("the secret of user " + user.hex() + " cannot be decrypted");
  return std::move(*secret);
}

bool Vault::can_decrypt(const UserId& user, ByteView encrypted) const {
  return crypto::open(totp_key_, encrypted, associated(user)).has_value();
}

}  // namespace integrity::auth
