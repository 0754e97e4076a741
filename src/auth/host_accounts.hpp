// What the operator does to accounts, on the host. Blocking.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/account_change.hpp"
#include "auth/api_keys.hpp"
#include "auth/enrolment.hpp"
#include "auth/invitation.hpp"

namespace integrity::auth {

// Errors: weak_password, username_taken, invalid_value, not_found.
class HostAccounts {
 public:
  HostAccounts(AuthContext& context, ApiKeys& api_keys) : context_(context), api_keys_(api_keys) {}

  // A new account, pending; its first login keeps the secret shown here. `challenge` is for `confirm`. Without a role it
  // becomes admin where no account was ever confirmed, and else gets that of --signup-role, at its confirmation.
  struct Added {
    std::string challenge;
    Enrolment enrolment;
  };
  Result<Added> add_user(const std::string& username, const Secret& password, std::optional<model::Role> role = {});
  // The first code of an account that `add_user` made; it is active afterwards. Returns its recovery codes.
  Result<std::vector<std::string>> confirm(const std::string& challenge, const std::string& code);
  Status set_password(const std::string& username, const Secret& password);
  Status reset_factor(const std::string& username);
  // A pending account too: its challenge and secret are useless until `enable`. Error: last_admin.
  Status disable(const std::string& username);
  Status enable(const std::string& username);
  Status set_role(const std::string& username, model::Role role);  // last_admin
  // Removes a pending account, so that its name is free at once. A confirmed one is never removed, because the history
  // names it; nor is a disabled one. Errors: not_found, already_enrolled.
  Status remove_pending(const std::string& username);

  // Errors: forbidden without --api-keys, invalid_value, limit_reached.
  Result<ApiKeys::Made> add_key(const std::string& username, std::string name, model::Scopes scopes,
                                std::optional<std::optional<std::chrono::seconds>> expires_in = {});
  Status revoke_key(const ApiKeyId& id);
  Result<Invited> invite(model::Role role, std::optional<std::string> name,
                         std::optional<std::chrono::seconds> expires_in);

 private:
  enum class Effect : std::uint8_t { nothing, change, end_sessions };
  Status reset(const std::string& username, std::string_view op, const ResetWanted& wanted,
               const std::string& password_hash);
  template <class F>
  Status change_user(const std::string& username, std::string_view op, F change);

  AuthContext& context_;
  ApiKeys& api_keys_;
};

}  // namespace integrity::auth
