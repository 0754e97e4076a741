#include "model/role.hpp"

#include <algorithm>
#include <array>

namespace integrity::model {
namespace {

using enum Scope;

constexpr std::array kScopes{products_read, stock_write, products_write, changes_read, accounts_read, accounts_write};
constexpr std::array<std::string_view, kScopes.size()> kScopeNames{"products:read", "stock:write",   "products:write",
                                                                   "changes:read",  "accounts:read", "accounts:write"};

constexpr std::array kRoles{Role::viewer, Role::clerk, Role::editor, Role::auditor, Role::admin};
constexpr std::array<std::string_view, kRoles.size()> kRoleNames{"viewer", "clerk", "editor", "auditor", "admin"};
constexpr std::array<Scopes, kRoles.size()> kScopesOfRoles{
    Scopes{products_read},
    Scopes{products_read, stock_write},
    Scopes{products_read, stock_write, products_write},
    Scopes{products_read, changes_read, accounts_read},
    Scopes{products_read, stock_write, products_write, changes_read, accounts_read, accounts_write},
};

template <class Enum, std::size_t n>
std::optional<Enum> find(const std::array<std::string_view, n>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return {};
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view name_of(Scope scope) {
  return kScopeNames.at(static_cast<std::size_t>(scope));
}
std::optional<Scope> scope_named(std::string_view name) {
  return find<Scope>(kScopeNames, name);
}
std::span<const Scope> all_scopes() {
  return kScopes;
}

std::vector<std::string> names_of(Scopes scopes) {
  std::vector<std::string> names;
  for (const Scope each : kScopes) {
    if (scopes.has(each)) names.emplace_back(name_of(each));
  }
  return names;
}
std::string joined(Scopes scopes) {
  std::string text;
  for (const auto& name : names_of(scopes)) text += (text.empty() ? "" : " ") + name;
  return text;
}

std::string_view name_of(Role role) {
  return kRoleNames.at(static_cast<std::size_t>(role));
}
std::optional<Role> role_named(std::string_view name) {
  return find<Role>(kRoleNames, name);
}
std::span<const Role> all_roles() {
  return kRoles;
}
Scopes scopes_of(Role role) {
  return kScopesOfRoles.at(static_cast<std::size_t>(role));
}

}  // namespace integrity::model
