// TOTP secrets at rest: AES-256-GCM with a key derived from secrets.key. The associated data binds a secret to its
// account and key, so nobody who can write to the database can give an account another one's secret.
#pragma once
#include <array>
#include <optional>

#include "base/id.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace integrity::auth {

class Vault {
 public:
  // `key` is secrets.key. It is never used itself: each purpose has a key derived from it.
  Vault(const Secret& key, Random& random);

  Bytes encrypt(const UserId& user, const Secret& secret) const;
  // Throws std::runtime_error where that fails: the store was altered, or was used with another key.
  Secret decrypt(const UserId& user, ByteView encrypted) const;
  bool can_decrypt(const UserId& user, ByteView encrypted) const;

  const Secret& recovery_code_key() const { return recovery_code_key_; }
  const Secret& refresh_token_key() const { return refresh_token_key_; }

 private:
  Bytes associated(const UserId& user) const;

  Secret totp_key_, recovery_code_key_, refresh_token_key_;
  std::array<std::uint8_t, 4> key_id_;  // names the key in the associated data without revealing anything of it
  Random& random_;
};

}  // namespace integrity::auth
