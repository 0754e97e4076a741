#include "auth/enrolment.hpp"

#include "auth/invitation.hpp"
#include "auth/recovery_code.hpp"
#include "auth/totp.hpp"
#include "base/log.hpp"

namespace integrity::auth {

Enrolment enrolment_of(const AuthContext& context, const model::User& user, const Secret& secret) {
  const std::string& issuer = context.rules.issuer;
  return {otpauth_uri(issuer, user.username, secret), to_base32(secret.reveal()), issuer, user.username};
}

model::User make_pending(const AuthContext& context, const std::string& username,
                         const std::optional<std::string>& name, const Secret& password, Time now) {
  model::User user;
  user.id = UserId::make(now, context.random);
  user.username = username;
  user.name = name;
  user.password_hash = context.hasher.hash(password);
  user.version = 0;  // the confirmation is its first change
  user.pending_until = now + pending_life;
  user.created_at = user.updated_at = now;
  return user;
}

bool is_over(const model::User& user, Time now) {
  return user.state == model::UserState::pending && model::is_over(*user.pending_until, pending_life, now);
}

// Expiry of pending accounts uses the host's clock; the store's time can be far ahead of it.
Status free_name(store::WriteTx& tx, const std::string& username, Time now) {
  auto holder = tx.user_by_name(username);
  if (!holder) return {};
  if (!is_over(*holder, now)) {
    return Error{Code::username_taken, "the username \"" + username + "\" is taken; choose another"};
  }
  holder->pending_until = Time{};  // so that the store, too, takes the name for free
  tx.update_pending_user(*holder);
  return {};
}

Status may_confirm(store::ReadTx& tx, const model::User& user, Time now) {
  if (user.confirmed_at || !user.invitation) return {};
  INTEGRITY_CHECK(open_invitation(tx, *user.invitation, now));
  return {};
}

namespace {

// Signed up by `user add`: it came from no network.
bool made_on_host(const model::User& user) {
  return user.state == model::UserState::pending && user.pending_network.empty();
}

bool becomes_first_admin(const AuthContext& context, store::WriteTx& tx, const model::User& user) {
  (void)tx.now();  // takes the writer lock of all nodes, so that one account is the first
  const bool here = context.rules.first_admin_on_loopback && !context.proxy_seen;
  return (here || made_on_host(user)) && !tx.any_account_confirmed();
}

// Sets the role. True where the account becomes the first admin.
Result<bool> decide_role(const AuthContext& context, store::WriteTx& tx, const model::Attribution& attribution,
                         model::User& user, Time now) {
  if (user.invitation) {
    INTEGRITY_TRY(const auto invitation, open_invitation(tx, *user.invitation, now));
    tx.remove_invitation(attribution, invitation, "invitation.accept", user.id);
    user.invitation.reset();
    if (!user.role) user.role = invitation.role;  // an admin may have given another one meanwhile
    return false;
  }
  if (user.role) return false;
  const bool first = becomes_first_admin(context, tx, user);
  user.role = first ? model::Role::admin : context.rules.signup_role;
  return first;
}

}  // namespace

Result<Activated> activate(const AuthContext& context, store::WriteTx& tx, LiveChallenge& live,
                           const std::vector<std::string>& codes, Time now, const model::Attribution& attribution) {
  model::User& user = live.user;
  Activated done;
  if (!user.confirmed_at) {
    INTEGRITY_TRY(done.first_admin, decide_role(context, tx, attribution, user, now));
    user.confirmed_at = now;
  }
  const bool first = user.state == model::UserState::pending;
  const bool replaces = user.has_factor();
  user.state = model::UserState::active;
  user.totp_secret = live.challenge.pending_secret;
  user.totp_confirmed_at = now;
  user.enrol_until.reset();
  user.pending_until.reset();
  user.pending_network.clear();
  tx.update_user(attribution, first ? "user.confirm" : "user.factor", user);
  tx.remove_challenges_of(user.id);
  tx.end_sessions_of(attribution, user.id);
  if (replaces) return done;  // the recovery codes stay as they are
  set_recovery_codes(context, tx, attribution, user, codes);
  done.codes = codes;
  return done;
}

void log_first_admin(const UserId& user) {
  log::event("admin.first", {{"user", user.hex()}});
}

void set_recovery_codes(const AuthContext& context, store::WriteTx& tx, const model::Attribution& attribution,
                        model::User& user, const std::vector<std::string>& codes) {
  std::vector<model::Digest> hashes;
  for (const auto& code : codes) {
    hashes.push_back(recovery_code_hash(context.vault.recovery_code_key(), user.id, *parse_recovery_code(code)));
  }
  tx.replace_recovery_codes(attribution, user, hashes);
}

}  // namespace integrity::auth
