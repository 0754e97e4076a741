#include "auth/sessions.hpp"

#include <algorithm>
#include <utility>

#include "auth/challenge.hpp"
#include "base/log.hpp"

namespace integrity::auth {
namespace {

constexpr std::string_view kReused = "session.reused";

std::chrono::seconds until(Time end, Time now) {
  return std::chrono::duration_cast<std::chrono::seconds>(end - now);
}

// A whole second, as the end of an access token is.
Time end_of(const AccountRules& rules, Time created_at, Time used_at) {
  return std::chrono::floor<std::chrono::seconds>(
      std::min<Time>(created_at + rules.session_max, used_at + rules.session_idle));
}

bool used_before(const model::Session& a, const model::Session& b) {
  return std::pair(a.used_at(), a.id) < std::pair(b.used_at(), b.id);
}

// Ends those unused for longest, so that there is room for one more.
void make_room(store::WriteTx& tx, const model::Attribution& attribution, const UserId& user, Time now) {
  std::vector<model::Session> living;
  for (auto& [session, device] : tx.sessions_of(user)) {
    if (!model::is_over(session, now)) living.push_back(session);
  }
  std::sort(living.begin(), living.end(), used_before);
  for (std::size_t i = 0; living.size() - i >= sessions_max; ++i) tx.end_session(attribution, living[i].id);
}

Result<model::User> active_owner(store::ReadTx& tx, const UserId& id) {
  auto user = tx.user(id);
  if (!user || user->state != model::UserState::active) return invalid_token();
  return std::move(*user);
}

}  // namespace

model::Session start_session(const AuthContext& context, store::WriteTx& tx, const SessionId& id,
                             const model::User& user, model::SecondFactor factor, model::Device device, Time now) {
  model::Session session;
  session.id = id;
  session.user = user.id;
  session.factor = factor;
  session.role = user.role.value_or(session.role);
  session.generation = context.rules.classic_sessions() ? 0 : 1;
  session.created_at = session.proven_at = now;
  session.expires_at = end_of(context.rules, now, now);
  auto attribution = attribution_of(user.id, factor);
  make_room(tx, attribution, user.id, now);
  tx.start_session(attribution, {session, std::move(device)});
  return session;
}

std::string refresh_token_of(const AuthContext& context, const model::Session& session) {
  if (session.generation < 1) return {};
  return write_refresh_token(context.vault.refresh_token_key(), {session.id, session.generation});
}

Result<RefreshToken> Sessions::read_refresh_token(std::string_view text) const {
  const auto token = auth::read_refresh_token(context_.vault.refresh_token_key(), text);
  if (!token) return invalid_token();
  return *token;
}

Result<model::Session> Sessions::session_of(store::ReadTx& tx, const RefreshToken& token, Time now) {
  auto session = tx.session(token.session);
  if (!session || model::is_over(*session, now)) return invalid_token();
  if (token.generation < 1 || token.generation > session->generation) return invalid_token();  // none was given
  return std::move(*session);
}

Status Sessions::may_refresh(store::ReadTx& tx, const RefreshToken& token) const {
  INTEGRITY_CHECK(session_of(tx, token, context_.clock.now()));
  return {};
}

// Token g is used while the session is at generation g, which makes it g + 1. So at g + 1, token g was used, and token
// g + 1 was not.
store::WriteFunction<Renewed> Sessions::refresh(const RefreshToken& token, model::Device device) const {
  return [this, token, device = std::move(device), now = context_.clock.now(),
          used_at = context_.store.shared_time(context_.clock.now())](store::WriteTx& tx) -> Result<Renewed> {
    INTEGRITY_TRY(auto session, session_of(tx, token, now));
    const bool first = token.generation == session.generation;
    const bool again = token.generation == session.generation - 1 && session.refreshed_at &&
                       used_at - *session.refreshed_at <= refresh_again_life;
    if (first) {
      session.refreshed_at = used_at;
      session.expires_at = end_of(context_.rules, session.created_at, now);
      if (model::is_over(session, now)) return invalid_token();  // by rules that are stricter than they were
      ++session.generation;
    }
    if (first || again) {
      INTEGRITY_TRY(auto user, active_owner(tx, session.user));
      if (first) tx.update_session(session, device);
      return Renewed{std::move(user), session, refresh_token_of(context_, session), until(session.expires_at, now),
                     now};
    }
    // Somebody else has the token, too.
    tx.end_session({.reason = std::string(kReused)}, session.id);
    log::event(kReused, {{"user", session.user.hex()}, {"session", session.id.hex()}, {"address", device.address}});
    Error refused = invalid_token();
    refused.cause = kReused;
    return tx.commit_with(std::move(refused));
  };
}

Status Sessions::may_prove(store::ReadTx& tx, const SignedIn& caller, const Proof& proof) const {
  INTEGRITY_TRY(const auto user, active_owner(tx, caller.user()));
  return context_.second_factor.may_try(tx, user, proof, context_.clock.now());
}

store::WriteFunction<Time> Sessions::prove(const SignedIn& caller, Proof proof) const {
  return [this, caller, proof = std::move(proof), now = context_.clock.now()](store::WriteTx& tx) -> Result<Time> {
    INTEGRITY_TRY(auto user, active_owner(tx, caller.user()));
    auto session = tx.session(caller.session().id);
    if (!session || model::is_over(*session, now)) return invalid_token();
    INTEGRITY_CHECK(prove_again(context_, tx, user, proof, now));
    session->proven_at = now;
    tx.update_session(*session);
    return now + proof_life;
  };
}

std::vector<model::SessionRecord> Sessions::list(store::ReadTx& tx, const UserId& user) const {
  auto sessions = tx.sessions_of(user);
  const Time now = context_.clock.now();
  std::erase_if(sessions, [&](const model::SessionRecord& each) { return model::is_over(each.session, now); });
  std::sort(sessions.begin(), sessions.end(), [](const model::SessionRecord& a, const model::SessionRecord& b) {
    return std::pair(a.session.created_at, a.session.id) > std::pair(b.session.created_at, b.session.id);
  });
  return sessions;
}

store::WriteFunction<Done> Sessions::log_out(const SignedIn& caller) const {
  return [caller](store::WriteTx& tx) -> Result<Done> {
    // If another logout was faster, the session has ended all the same.
    tx.end_session(caller.attribution(), caller.session().id);
    return Done{};
  };
}

store::WriteFunction<Done> Sessions::end(const SignedIn& caller, const SessionId& id) const {
  return [caller, id, now = context_.clock.now()](store::WriteTx& tx) -> Result<Done> {
    const auto session = tx.session(id);
    if (!session || session->user != caller.user() || model::is_over(*session, now)) return not_found();
    tx.end_session(caller.attribution(), id);
    return Done{};
  };
}

store::WriteFunction<Done> Sessions::end_others(const SignedIn& caller) const {
  return [caller](store::WriteTx& tx) -> Result<Done> {
    tx.end_sessions_of(caller.attribution(), caller.user(), caller.session().id);
    return Done{};
  };
}

}  // namespace integrity::auth
