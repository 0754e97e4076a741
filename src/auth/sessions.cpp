#include "auth/sessions.hpp"

namespace integrity::auth {

model::Session start_session(const AuthContext& context, store::WriteTx& tx, const SessionId& id, const UserId& user,
                             model::SecondFactor factor, Time now) {
  model::Session session;
  session.id = id;
  session.user = user;
  session.factor = factor;
  session.created_at = session.proven_at = now;
  session.expires_at = std::chrono::floor<std::chrono::seconds>(now) + context.rules.session_max;
  tx.start_session(attribution_of(user, factor), {session});
  return session;
}

store::WriteFunction<Done> Sessions::log_out(const SignedIn& caller) const {
  return [caller](store::WriteTx& tx) -> Result<Done> {
    // If another logout was faster, the session has ended all the same.
    tx.end_session(caller.attribution(), caller.session().id);
    return Done{};
  };
}

}  // namespace integrity::auth
