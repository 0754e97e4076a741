// Whether what the store keeps encrypted or hashed can be used with the keys: a part of `integrity check`.
#pragma once
#include "app/config.hpp"
#include "store/check.hpp"

namespace integrity::app {

// Reports accounts whose password hash is none, and, where secrets.key is that of the store, accounts whose TOTP secret
// cannot be decrypted with it: it was altered, or is another account's, or the key was replaced. No bcrypt: this is fast.
// Returns how many of these secrets there are: those findings say what to do themselves.
std::size_t check_secrets(const Config& config, store::CheckSource& source, store::CheckReport& report);

}  // namespace integrity::app
