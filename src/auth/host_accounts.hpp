// What the operator does to accounts, on the host. Blocking.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "auth/enrolment.hpp"

namespace integrity::auth {

// Errors: weak_password, username_taken, invalid_value, not_found.
class HostAccounts {
 public:
  explicit HostAccounts(AuthContext& context) : context_(context) {}

  // A new account, pending; its first login keeps the secret shown here. `challenge` is for `confirm`.
  struct Added {
    std::string challenge;
    Enrolment enrolment;
  };
  Result<Added> add_user(const std::string& username, const Secret& password);
  // The first code of an account that `add_user` made; it is active afterwards. Returns its recovery codes.
  Result<std::vector<std::string>> confirm(const std::string& challenge, const std::string& code);
  Status set_password(const std::string& username, const Secret& password);
  Status reset_factor(const std::string& username);
  // A pending account too: its challenge and secret are useless until `enable`.
  Status disable(const std::string& username);
  Status enable(const std::string& username);
  // Removes a pending account, so that its name is free at once. A confirmed one is never removed, because the history
  // names it; nor is a disabled one. Errors: not_found, already_enrolled.
  Status remove_pending(const std::string& username);

 private:
  template <class F>
  Status change_user(const std::string& username, std::string_view op, F change);

  AuthContext& context_;
};

}  // namespace integrity::auth
