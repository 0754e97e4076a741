// Sessions: they begin after a second factor, in SignIn.
#pragma once
#include "auth/caller.hpp"
#include "auth/context.hpp"

namespace integrity::auth {

// For SignIn, after a proof of the second factor.
model::Session start_session(const AuthContext& context, store::WriteTx& tx, const SessionId& id, const UserId& user,
                             model::SecondFactor factor, Time now);

class Sessions {
 public:
  explicit Sessions(AuthContext& context) : context_(context) {}

  store::WriteFunction<Done> log_out(const SignedIn& caller) const;

 private:
  AuthContext& context_;
};

}  // namespace integrity::auth
