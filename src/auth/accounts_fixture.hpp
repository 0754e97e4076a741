// For tests: accounts on an embedded store of each test's own, with a manual clock, and a user named ada.
#pragma once
#include <gtest/gtest.h>

#include "auth/accounts.hpp"
#include "auth/authenticator.hpp"
#include "auth/recovery_code.hpp"
#include "auth/totp.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "testing/base32.hpp"
#include "testing/clock.hpp"
#include "testing/folder.hpp"
#include "testing/random.hpp"

namespace integrity::auth {

struct AccountsFixture : ::testing::Test {
  AccountsFixture() {
    store = store::sqlite::open_sqlite({.file = folder / "test.db", .clock = &clock});
    accounts.emplace(*store, clock, random, random.secret(32), random.secret(32),
                     AccountRules{.bcrypt_cost = 4, .login_rate_limit = {1e6, 1e6}, .signup_rate_limit = {1e6, 1e6}});
    authenticator.emplace(*store, tokens, clock);
  }
  ~AccountsFixture() override {
    authenticator.reset();
    accounts.reset();
    store.reset();
  }

  static Secret password(std::string_view text = "correct horse battery") { return Secret(text); }
  Result<FirstStep> log_in(std::string_view with = "correct horse battery") {
    return accounts->sign_in.log_in("ada", password(with), home);
  }
  // The caller that the pipeline gets for a token of this session.
  SignedIn signed_in(const Verified& verified) {
    const model::Session& session = verified.session;
    const auto token = tokens.issue(claims_of(session, clock.now(), session.id.hex()));
    return *authenticator->authenticate(token, [] { return std::string(); })->signed_in();
  }
  static store::Origin origin_of(const SignedIn& caller) { return {.session = caller.session().id}; }
  SignedIn sign_in() {
    const auto verified = verify_code(log_in()->challenge, code());
    clock.move(std::chrono::seconds(30));
    return signed_in(*verified);
  }
  Bytes secret_of(const std::string& challenge) {
    const auto tx = store->read();
    const auto caller = accounts->sign_in.first_step_done(*tx, challenge, "ada");
    return *test::from_base32(accounts->sign_in.enrolment(*caller)->secret_base32);
  }
  Result<Verified> verify(const std::string& challenge, Proof proof) {
    return store->write(accounts->sign_in.verify(challenge, {}, std::move(proof), {}));
  }
  Result<Verified> verify_code(const std::string& challenge, const std::string& code) {
    return verify(challenge, {.code = code});
  }
  std::string code(std::int64_t steps_ahead = 0) const { return hotp(secret, totp_step(clock.now()) + steps_ahead); }
  std::string wrong_code() const {
    for (int i = 0;; ++i) {
      std::string guess = std::to_string(100000 + i);
      if (match_totp(secret, guess, clock.now()).kind == TotpMatch::Kind::none) return guess;
    }
  }
  // Ada with an active factor; the code of this step is spent.
  void enrol() {
    const auto step = accounts->sign_in.sign_up("ada", {}, password(), {}, home);
    ASSERT_TRUE(step);
    secret = secret_of(step->challenge);
    const auto verified = verify_code(step->challenge, code());
    ASSERT_TRUE(verified);
    recovery_codes = *verified->recovery_codes;
    clock.move(std::chrono::seconds(30));
  }
  static std::optional<Code> refusal(const auto& result) {
    if (result) return {};
    return result.error().code;
  }

  test::ManualClock clock;
  test::SeededRandom random;
  test::TempFolder folder;
  std::unique_ptr<store::Store> store;
  std::optional<Accounts> accounts;
  std::optional<Authenticator> authenticator;
  const Tokens tokens{TokenKey::hs256(Secret("0123456789abcdefghijklmnopqrstuv")), "issuer", "audience"};
  const Client home{"192.0.2.1", "192.0.2.0/24", "192.0.2.1", "192.0.2.0/24"};
  Bytes secret;
  std::vector<std::string> recovery_codes;
};

}  // namespace integrity::auth
