// Keys for programs, and invitations. Values only: the rules are in auth/.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/time.hpp"
#include "model/role.hpp"
#include "model/user.hpp"

namespace integrity::model {

inline constexpr schema::Text api_key_name_rule{.min = 1, .max = 100};

// Never removed, because changes name the key that made them.
struct ApiKey {
  ApiKeyId id;
  Digest hash{};  // SHA-256 of the key
  UserId user;    // its owner
  std::string name;
  Scopes scopes;
  std::vector<std::string> addresses = {};  // networks from which it works, "192.0.2.0/24"; empty: everywhere
  Time created_at{};
  std::optional<Time> expires_at = {};
  std::optional<Time> revoked_at = {};
  std::optional<Time> last_used_at = {};  // behind by at most five minutes
  // Of the owner, as it is now; nothing while the owner is not active. The store keeps it true.
  std::optional<Role> role = {};

  bool operator==(const ApiKey&) const = default;
};

struct Invitation {
  InvitationId id;
  Digest token_hash{};  // SHA-256
  Role role = Role::editor;
  std::optional<std::string> name = {};   // of the account that it makes, unless the sign-up names one
  std::optional<UserId> created_by = {};  // nothing: a command on the host
  Time created_at{};
  Time expires_at{};

  bool operator==(const Invitation&) const = default;
};

}  // namespace integrity::model
