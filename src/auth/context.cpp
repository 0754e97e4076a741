#include "auth/context.hpp"

#include <utility>

#include "base/log.hpp"

namespace integrity::auth {
namespace {

Status slowed_down(std::optional<Millis> wait, const Client& from) {
  if (!wait) return {};
  log::refusal("password.throttled", from.network, {{"address", from.address}});
  return too_many_attempts(*wait, "too many wrong passwords; wait before the next one");
}

}  // namespace

AuthContext::AuthContext(store::Store& used_store, const Clock& host_clock, Random& source, Secret password_key,
                         const Secret& secrets_key, AccountRules given)
    : store(used_store),
      clock(host_clock),
      random(source),
      rules(std::move(given)),
      hasher(std::move(password_key), rules.bcrypt_cost, random, rules.compare),
      vault(secrets_key, random),
      second_factor(vault),
      login_rate_limit(rules.login_rate_limit),
      signup_rate_limit(rules.signup_rate_limit),
      no_challenge_rate_limit(rules.no_challenge_rate_limit) {}

Status AuthContext::acceptable(const Secret& password, const std::string& username, std::string_view pointer) const {
  if (auto why = weakness(password, username, rules.issuer)) {
    Error error = invalid_value(std::string(pointer), std::move(*why));
    error.code = Code::weak_password;
    error.detail = "the password is too easy to guess; see errors";
    return error;
  }
  return {};
}

Status AuthContext::may_guess_password(const std::string& username, const Client& from) {
  return slowed_down(password_failures.must_wait(username, from.network, clock.now()), from);
}

Status AuthContext::guessed_password(const std::string& username, const Client& from, bool right) {
  return slowed_down(password_failures.tried(username, from.network, right, clock.now()), from);
}

}  // namespace integrity::auth
