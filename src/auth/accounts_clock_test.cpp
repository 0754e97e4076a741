// A clock that was ahead is set right. What was made in between used to live on for as long as the clock had been
// ahead.
#include <gtest/gtest.h>

#include "auth/accounts_fixture.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;

// In each test the clock is a year ahead at first; `set_right` moves it back.
struct Fixture : AccountsFixture {
  Fixture() { clock.move(kAhead); }
  void set_right() { clock.move(-kAhead); }
  std::string token_of(const Verified& verified) const {
    return tokens.issue(claims_of(verified.session, verified.session.created_at, "one"));
  }

  tl::expected<Principal, TokenFault> authenticate(const std::string& token) {
    return authenticator->authenticate(token, [] { return std::string(); });
  }

  static constexpr std::chrono::hours kAhead{365 * 24};
};
using ClockThatWasAhead = Fixture;

TEST_F(ClockThatWasAhead, LeavesNoTokenAndNoSession) {
  enrol();
  const auto verified = verify_code(log_in()->challenge, code());
  ASSERT_TRUE(verified);
  const auto token = token_of(*verified);
  ASSERT_TRUE(authenticate(token));
  const auto caller = authenticate(token)->signed_in();
  set_right();
  const auto refused = authenticate(token);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), TokenFault::ahead);
  EXPECT_NE(auth::refusal(refused.error()).detail.find("clock"), std::string::npos);
  EXPECT_EQ(auth::refusal(refused.error()).cause, "clock.ahead");
  EXPECT_EQ(refusal(store->write(origin_of(*caller), accounts->own_account.renew_recovery_codes(*caller, code()))),
            Code::invalid_token);

  accounts->sweep();
  clock.move(kAhead);  // the time that the session was made for
  EXPECT_FALSE(authenticate(token)) << "it was removed for good";
}

TEST_F(ClockThatWasAhead, ByAMinuteLeavesTokensAlive) {
  enrol();
  const auto token = token_of(*verify_code(log_in()->challenge, code()));
  clock.move(-60s);
  EXPECT_TRUE(authenticate(token)) << "small corrections of a clock are common";
  clock.move(-1s);
  EXPECT_FALSE(authenticate(token));
}

TEST_F(ClockThatWasAhead, LeavesNoChallenge) {
  enrol();
  const auto step = log_in();
  set_right();
  EXPECT_EQ(refusal(verify(step->challenge, {.recovery_code = parse_recovery_code(recovery_codes[0])})),
            Code::challenge_expired);
  accounts->sweep();
  clock.move(kAhead);
  EXPECT_EQ(refusal(verify_code(step->challenge, code())), Code::challenge_expired) << "removed for good";
}

TEST_F(ClockThatWasAhead, LeavesNoPendingAccountThatHoldsAName) {
  ASSERT_TRUE(accounts->sign_in.sign_up("ada", {}, password(), {}, home));
  set_right();
  EXPECT_EQ(refusal(log_in()), Code::invalid_credentials) << "it has expired";
  EXPECT_TRUE(accounts->sign_in.sign_up("ada", {}, password(), {}, home)) << "the name is free";
  EXPECT_EQ(refusal(accounts->sign_in.sign_up("ada", {}, password(), {}, home)), Code::username_taken);
  accounts->sweep();
  EXPECT_EQ(refusal(accounts->sign_in.sign_up("ada", {}, password(), {}, home)), Code::username_taken)
      << "the new one stays";
}

// The store's time does not go back: it stands still for a year. That must not make the names of new pending accounts
// free.
TEST_F(ClockThatWasAhead, LeavesNewPendingAccountsAlive) {
  ASSERT_TRUE(accounts->host.add_user("bob", password()));
  ASSERT_TRUE(store->write([](store::WriteTx& tx) -> Result<int> {
    const auto bob = *tx.user_by_name("bob");
    tx.start_session(
        {.actor = bob.id},
        {.session = {.id = SessionId{}, .user = bob.id, .created_at = tx.now(), .expires_at = tx.now() + 1h}});
    return 0;
  })) << "a change, so that the store's time is ahead";
  set_right();
  ASSERT_TRUE(accounts->host.add_user("ada", password()));
  EXPECT_EQ(refusal(accounts->host.add_user("ada", password())), Code::username_taken);
}

TEST_F(ClockThatWasAhead, LeavesNoWait) {
  enrol();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(refusal(verify_code(log_in()->challenge, wrong_code())), Code::invalid_code);
  ASSERT_EQ(refusal(verify_code(log_in()->challenge, wrong_code())), Code::too_many_attempts);
  set_right();
  EXPECT_EQ(refusal(verify_code(log_in()->challenge, wrong_code())), Code::invalid_code) << "checked";
  const auto waits = verify_code(log_in()->challenge, wrong_code());
  ASSERT_EQ(refusal(waits), Code::too_many_attempts) << "the new failure counts by the right clock";
  EXPECT_EQ(waits.error().retry_after, 60s);
}

// A wait of 30 s that began ten minutes ahead is over, although a wait of an hour would not be.
TEST_F(ClockThatWasAhead, LeavesNoWaitOfThirtySecondsForTenMinutes) {
  enrol();
  for (int i = 0; i < 10; ++i) (void)verify_code(log_in()->challenge, wrong_code());
  clock.move(-10min);
  EXPECT_EQ(refusal(verify_code(log_in()->challenge, wrong_code())), Code::invalid_code);
}

TEST_F(ClockThatWasAhead, LeavesNoEnrolmentOpenForAYear) {
  enrol();
  ASSERT_TRUE(accounts->host.reset_factor("ada"));
  set_right();
  EXPECT_EQ(refusal(log_in()), Code::enrolment_required);
}

// Codes up to the last step stay spent, or they could be used twice. The error says why, and what to do.
TEST_F(ClockThatWasAhead, LeavesSpentCodesSpentAndSaysSo) {
  enrol();
  ASSERT_TRUE(verify_code(log_in()->challenge, code()));
  set_right();
  const auto refused = verify_code(log_in()->challenge, code());
  ASSERT_EQ(refusal(refused), Code::code_already_used);
  EXPECT_NE(refused.error().detail.find("the clock of this server was ahead"), std::string::npos)
      << refused.error().detail;
  EXPECT_TRUE(verify(log_in()->challenge, {.recovery_code = parse_recovery_code(recovery_codes[0])}));
}

}  // namespace
}  // namespace integrity::auth
