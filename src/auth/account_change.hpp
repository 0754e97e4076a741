// Rules for what an admin or the host changes about an account.
#pragma once
#include <optional>
#include <string>

#include "auth/context.hpp"

namespace integrity::auth {

// last_admin, where `before` is the last active admin and `after` would not be one.
Status keeps_an_admin(store::ReadTx& tx, const model::User& before, const model::User& after);

// Stores the account, which is at a new version for clients. A pending one has no history; one that was pending stays
// for good.
void store_change(store::WriteTx& tx, const model::Attribution& attribution, std::string_view op, model::User& user,
                  model::UserState state_before);

struct ResetWanted {
  bool factor = false, password = false;
  std::optional<model::Digest> token_hash = {};  // of the reset token, where there is one
};
// Takes away what the person logs in with, and ends sessions and challenges. Sets `user.reset`.
void reset_account(store::WriteTx& tx, const model::Attribution& attribution, std::string_view op, model::User& user,
                   const ResetWanted& wanted, Time now);

}  // namespace integrity::auth
