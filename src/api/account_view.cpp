#include "api/account_view.hpp"

#include "store/enum_names.hpp"

namespace integrity::api {
namespace {

// Of a pending account: what its confirmation will give it.
model::Role role_of(store::ReadTx& tx, const model::User& user, model::Role signup_role) {
  if (user.role) return *user.role;
  const auto invitation = user.invitation ? tx.invitation(*user.invitation) : std::nullopt;
  return invitation ? invitation->role : signup_role;
}

}  // namespace

AccountView account_view(store::ReadTx& tx, const model::User& user, model::Role signup_role, Time now) {
  static constexpr std::string_view kFactors[] = {"none", "enrol", "disabled", "waiting", "active"};
  const auto factor = auth::factor_state(user, tx.factor_counters(user.id), now);
  return {.id = user.id,
          .username = user.username,
          .name = user.name,
          .role = std::string(name_of(role_of(tx, user, signup_role))),
          .state = std::string(store::name_of(user.state)),
          .factor = std::string(kFactors[static_cast<std::size_t>(factor)]),
          .created_at = user.created_at,
          .last_login_at = user.last_login_at,
          .version = user.public_version};
}

}  // namespace integrity::api
