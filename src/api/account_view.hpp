// An account as an admin sees it.
#pragma once
#include <optional>
#include <string>

#include "api/account_fields.hpp"
#include "auth/administration.hpp"

namespace integrity::api {

inline constexpr schema::OneOf kAccountState{"pending active disabled"};
inline constexpr schema::Integer kAccountVersion{.min = 0, .max = 9'007'199'254'740'991};

struct AccountView {
  UserId id;
  std::string username;
  std::optional<std::string> name;
  std::string role, state, factor;
  Time created_at;
  std::optional<Time> last_login_at;
  std::int64_t version = 0;
};
inline auto fields(const AccountView*) {
  using schema::nullable, schema::required;
  return std::tuple{
      required("id", &AccountView::id, schema::Hex24<UserId>{}),
      required("username", &AccountView::username, model::username_rule),
      nullable("name", &AccountView::name, model::person_name_rule),
      required("role", &AccountView::role, kRole, "of a pending account: what it will have"),
      required("state", &AccountView::state, kAccountState, "pending: no code has confirmed it yet"),
      required(
          "factor", &AccountView::factor, schema::OneOf{"none enrol disabled waiting active"},
          "none: never confirmed, or the time to enrol is over; enrol: a right password enrols a new one; disabled: "
          "after too many wrong codes; waiting: wrong codes made it wait"),
      required("created_at", &AccountView::created_at, schema::Timestamp{}),
      nullable("last_login_at", &AccountView::last_login_at, schema::Timestamp{}),
      required("version", &AccountView::version, kAccountVersion,
               "counts what an admin or the host changed; the ETag as well")};
}
constexpr std::string_view schema_name(const AccountView*) {
  return "Account";
}

// Asks for what is not in the account itself: its counters, and the role of its invitation.
AccountView account_view(store::ReadTx& tx, const model::User& user, model::Role signup_role, Time now);

}  // namespace integrity::api
