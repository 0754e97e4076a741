// Sessions: they begin after a second factor, in SignIn, and are kept alive by refresh tokens.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/caller.hpp"
#include "auth/context.hpp"
#include "auth/refresh_token.hpp"

namespace integrity::auth {

inline constexpr std::size_t sessions_max = 100;  // of an account; the next one ends the one unused for longest
// A refresh token that was used is good for so long again, for its first successor: answers get lost, and several tabs
// refresh at once.
inline constexpr std::chrono::seconds refresh_again_life{10};

// For SignIn, after a proof of the second factor. Its role is that of `user`.
model::Session start_session(const AuthContext& context, store::WriteTx& tx, const SessionId& id,
                             const model::User& user, model::SecondFactor factor, model::Device device, Time now);
// The refresh token that can be used next; empty where the session has none.
std::string refresh_token_of(const AuthContext& context, const model::Session& session);

struct Renewed {
  model::User user;
  model::Session session;
  std::string refresh_token;
  std::chrono::seconds refresh_expires_in{};
  Time at{};  // for claims_of
};

class Sessions {
 public:
  explicit Sessions(AuthContext& context) : context_(context) {}

  // Needs no store. Error: invalid_token.
  Result<RefreshToken> read_refresh_token(std::string_view text) const;
  // Whether `refresh` may be queued: a read, so that tokens of ended sessions cause no writes. Error: invalid_token.
  Status may_refresh(store::ReadTx& tx, const RefreshToken& token) const;
  // `device` is where it comes from. Error: invalid_token. Ends the session where the token was used before and is not
  // sent again in time.
  store::WriteFunction<Renewed> refresh(const RefreshToken& token, model::Device device) const;

  // Whether `prove` can succeed: a read. Errors: invalid_token, too_many_attempts, factor_disabled.
  Status may_prove(store::ReadTx& tx, const SignedIn& caller, const Proof& proof) const;
  // A fresh proof; returns until when it is fresh. Errors: those above, invalid_code, code_already_used.
  store::WriteFunction<Time> prove(const SignedIn& caller, Proof proof) const;

  // Living ones, newest first.
  std::vector<model::SessionRecord> list(store::ReadTx& tx, const UserId& user) const;
  store::WriteFunction<Done> log_out(const SignedIn& caller) const;
  store::WriteFunction<Done> end(const SignedIn& caller, const SessionId& session) const;  // not_found
  store::WriteFunction<Done> end_others(const SignedIn& caller) const;

 private:
  // The living session, where the token was given at some time.
  static Result<model::Session> session_of(store::ReadTx& tx, const RefreshToken& token, Time now);

  AuthContext& context_;
};

}  // namespace integrity::auth
