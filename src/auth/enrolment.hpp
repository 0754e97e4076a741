// A new account, from its sign-up to the first code of its authenticator, which confirms it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "auth/challenge.hpp"

namespace integrity::auth {

using model::pending_life;
using model::reset_enrolment_life;

struct Enrolment {
  std::string otpauth_uri, secret_base32, issuer, account;
};
Enrolment enrolment_of(const AuthContext& context, const model::User& user, const Secret& secret);

// Hashes the password, which takes as long as bcrypt does.
model::User make_pending(const AuthContext& context, const std::string& username,
                         const std::optional<std::string>& name, const Secret& password, Time now);
// Not confirmed in time: such an account does not exist any more, although it may not have been removed yet.
bool is_over(const model::User& user, Time now);
// Makes the name free where its holder is over. Error: username_taken.
Status free_name(store::WriteTx& tx, const std::string& username, Time now);

// Whether the invitation that a pending account signed up with can still be used. Error: signup_closed.
Status may_confirm(store::ReadTx& tx, const model::User& user, Time now);

struct Activated {
  // Where they are the account's new recovery codes; those of an account that replaces its authenticator stay.
  std::optional<std::vector<std::string>> codes = {};
  bool first_admin = false;  // for the log, after the commit
};
// The authenticator of the challenge was proved and is the account's from now on. Sessions and challenges end. At its
// confirmation an account gets its role: that of its invitation, which is spent; else the one set on it; else admin, if
// it is the first; else that of the rules. Error: signup_closed.
Result<Activated> activate(const AuthContext& context, store::WriteTx& tx, LiveChallenge& live,
                           const std::vector<std::string>& codes, Time now, const model::Attribution& attribution);
void log_first_admin(const UserId& user);
void set_recovery_codes(const AuthContext& context, store::WriteTx& tx, const model::Attribution& attribution,
                        model::User& user, const std::vector<std::string>& codes);

}  // namespace integrity::auth
