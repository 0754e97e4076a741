#include "auth/accounts.hpp"

#include "base/log.hpp"

namespace integrity::auth {

void Accounts::sweep() {
  constexpr std::size_t kBatch = 500;
  for (bool more = true; more;) {
    const auto removed = context.store.write([now = context.clock.now()](store::WriteTx& tx) -> Result<std::size_t> {
      return tx.remove_expired_challenges(now, kBatch) + tx.remove_expired_sessions(now, kBatch) +
             tx.remove_expired_pending_users(now, kBatch) + tx.remove_expired_invitations(now, kBatch);
    });
    if (!removed) log::event("sweep.failed", {{"cause", removed.error().cause}});
    more = removed.has_value() && *removed >= kBatch;
  }
  api_keys.flush();
  sign_in.expect_stored_hashes();
}

}  // namespace integrity::auth
