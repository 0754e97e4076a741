// What the operator does to accounts, on the embedded store with a manual clock.
#include "auth/accounts_fixture.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;
using Next = model::Challenge::Next;
using Operator = AccountsFixture;

TEST_F(Operator, ResetOpensEnrolmentForADay) {
  enrol();
  const auto session = verify_code(log_in()->challenge, code())->session.id;
  ASSERT_TRUE(accounts->host.reset_factor("ada"));
  EXPECT_FALSE(store->session(session));
  EXPECT_EQ(log_in()->next, Next::enrol);
  clock.move(24h);
  EXPECT_EQ(refusal(log_in()), Code::enrolment_required);
  EXPECT_EQ(refusal(log_in("wrong password")), Code::invalid_credentials) << "shown only after a right password";
  ASSERT_TRUE(accounts->host.reset_factor("ada"));
  const auto step = log_in();
  secret = secret_of(step->challenge);
  const auto verified = verify_code(step->challenge, code());
  ASSERT_TRUE(verified);
  ASSERT_TRUE(verified->recovery_codes);
  EXPECT_NE(*verified->recovery_codes, recovery_codes);
}

TEST_F(Operator, DisablingEndsSessionsAndLooksLikeAWrongPassword) {
  enrol();
  const auto session = verify_code(log_in()->challenge, code())->session.id;
  ASSERT_TRUE(accounts->host.disable("ADA"));
  EXPECT_FALSE(store->session(session));
  const auto refused = log_in(), wrong = log_in("wrong password");
  EXPECT_EQ(refusal(refused), Code::invalid_credentials);
  EXPECT_EQ(refused.error().detail, wrong.error().detail);
  ASSERT_TRUE(accounts->host.enable("ada"));
  clock.move(1min);
  EXPECT_TRUE(log_in());
  EXPECT_EQ(refusal(accounts->host.disable("nobody")), Code::not_found);
}

TEST_F(Operator, DisablingStopsAnAccountThatWasNeverConfirmed) {
  const auto added = accounts->host.add_user("ada", password());
  ASSERT_TRUE(accounts->host.disable("ada"));
  secret = *test::from_base32(added->enrolment.secret_base32);
  EXPECT_EQ(refusal(verify_code(added->challenge, code())), Code::challenge_expired);
  EXPECT_EQ(refusal(log_in()), Code::invalid_credentials);
  clock.move(25h);
  accounts->sweep();
  EXPECT_EQ(refusal(accounts->host.add_user("ada", password())), Code::username_taken) << "it stays, disabled";
  ASSERT_TRUE(accounts->host.enable("ada"));
  const auto step = log_in();
  ASSERT_TRUE(step);
  EXPECT_EQ(step->next, Next::enrol);
  secret = secret_of(step->challenge);
  const auto verified = verify_code(step->challenge, code());
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->recovery_codes);
}

TEST_F(Operator, EnablingAnEnabledAccountChangesNothing) {
  enrol();
  const auto session = verify_code(log_in()->challenge, code())->session.id;
  const auto changes = store->read()->last_change_number();
  ASSERT_TRUE(accounts->host.enable("ada"));
  EXPECT_TRUE(store->session(session));
  EXPECT_EQ(store->read()->last_change_number(), changes);
}

TEST_F(Operator, AddedUserKeepsThePrintedSecretAtTheFirstLogin) {
  const auto added = accounts->host.add_user("ada", password());
  ASSERT_TRUE(added);
  const auto printed = *test::from_base32(added->enrolment.secret_base32);
  const auto step = log_in();
  EXPECT_EQ(step->next, Next::enrol);
  EXPECT_EQ(secret_of(step->challenge), printed);
  EXPECT_NE(secret_of(log_in()->challenge), printed) << "only the first login";
  secret = printed;
  EXPECT_TRUE(verify_code(step->challenge, code()));
}

TEST_F(Operator, ConfirmsAnAddedUserWithoutASession) {
  const auto added = accounts->host.add_user("ada", password());
  secret = *test::from_base32(added->enrolment.secret_base32);
  EXPECT_EQ(refusal(accounts->host.confirm(added->challenge, wrong_code())), Code::invalid_code);
  const auto codes = accounts->host.confirm(added->challenge, code());
  ASSERT_TRUE(codes);
  EXPECT_EQ(codes->size(), 10U);
  EXPECT_EQ(log_in()->next, Next::verify);
}

TEST_F(Operator, SetsTheRoleOfAnAccountWithoutEndingItsSessions) {
  enrol();
  const auto verified = verify_code(log_in()->challenge, code());
  ASSERT_TRUE(accounts->host.set_role("ADA", model::Role::auditor));
  const auto session = store->session(verified->session.id);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->role, model::Role::auditor);
  const auto changes = store->read()->last_change_number();
  ASSERT_TRUE(accounts->host.set_role("ada", model::Role::auditor));
  EXPECT_EQ(store->read()->last_change_number(), changes) << "it has that role";
  EXPECT_EQ(refusal(accounts->host.set_role("nobody", model::Role::viewer)), Code::not_found);
}

TEST_F(Operator, SetsTheRoleOfAPendingAccount) {
  ASSERT_TRUE(accounts->host.add_user("ada", password()));
  ASSERT_TRUE(accounts->host.set_role("ada", model::Role::clerk));
  const auto step = log_in();
  secret = secret_of(step->challenge);
  EXPECT_EQ(verify_code(step->challenge, code())->user.role, model::Role::clerk);
}

TEST_F(Operator, ShowsAPersonWhatWasResetOnTheHost) {
  enrol();
  const auto shown = [&] { return store->read()->user_by_name("ada")->reset; };
  EXPECT_FALSE(shown());
  ASSERT_TRUE(accounts->host.reset_factor("ada"));
  ASSERT_TRUE(shown());
  EXPECT_EQ(shown()->at, clock.now());
  EXPECT_FALSE(shown()->by);
  EXPECT_TRUE(shown()->factor);
  EXPECT_FALSE(shown()->password);
}

}  // namespace
}  // namespace integrity::auth
