// What the operator does to accounts, as acts (host_acts.hpp).
#pragma once
#include <string>
#include <string_view>

#include "app/host_acts.hpp"
#include "auth/accounts.hpp"

namespace integrity::app {

// Whether `user.add` would take this name and password if the name is free.
Status may_be_added(std::string_view username, const Secret& password, std::string_view issuer);

// "user.add", "user.disable", "api-key.add", …: of `accounts`, which outlives the acts.
void add_account_acts(HostActs& acts, auth::Accounts& accounts);

}  // namespace integrity::app
