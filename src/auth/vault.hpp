// TOTP secrets at rest: AES-256-GCM under a key from secrets.key, bound to the account and the key by associated
// data, so that whoever can write to the database cannot give one account another's secret.
#pragma once
#include <array>
#include <optional>

#include "base/id.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace integrity::auth {

class Vault {
 public:
  // `key` is secrets.key. It is used for nothing itself: each purpose has a key of its own.
  Vault(const Secret& key, Random& random);

  Bytes encrypt(const UserId& user, const Secret& secret) const;
  // Throws std::runtime_error where it does not open: the store was altered or has another key. Fail closed.
  Secret decrypt(const UserId& user, ByteView sealed) const;

  const Secret& recovery_code_key() const { return recovery_code_key_; }

 private:
  Bytes associated(const UserId& user) const;

  Secret totp_key_, recovery_code_key_;
  std::array<std::uint8_t, 4> key_id_;  // names the key in the associated data; tells nothing about it
  Random& random_;
};

}  // namespace integrity::auth
