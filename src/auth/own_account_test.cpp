// What users change about their own account.
#include "auth/accounts_fixture.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;
using Next = model::Challenge::Next;

struct Fixture : AccountsFixture {
  Status change(const SignedIn& caller, std::string_view current, std::string_view next, std::string with) {
    return accounts->own_account.change_password(caller, {password(current), password(next), std::move(with)}, home);
  }
  Result<FirstStep> replace(const SignedIn& caller, Proof proof) {
    return store->write(origin_of(caller), accounts->own_account.replace_factor(caller, std::move(proof)));
  }
  Result<std::vector<std::string>> renew(const SignedIn& caller, const std::string& with) {
    return store->write(origin_of(caller), accounts->own_account.renew_recovery_codes(caller, with));
  }
  bool alive(const SignedIn& caller) const { return store->session(caller.session().id).has_value(); }
  Proof recovery(std::size_t number) const { return {.recovery_code = parse_recovery_code(recovery_codes[number])}; }
  std::vector<std::string> ops(model::RecordKind kind, const RecordId& record) const {
    std::vector<std::string> out;
    for (const auto& change : store->read()->changes(kind, record, {}, 100)) out.push_back(change.op);
    return out;
  }
};
using MyAccount = Fixture;
constexpr std::string_view kOld = "correct horse battery", kNew = "another horse battery";

TEST_F(MyAccount, ANewPasswordEndsEverythingButThisSession) {
  enrol();
  const auto other = sign_in(), here = sign_in();
  const auto challenge = log_in()->challenge;
  ASSERT_TRUE(change(here, kOld, kNew, code()));
  EXPECT_TRUE(alive(here));
  EXPECT_FALSE(alive(other));
  clock.move(30s);
  EXPECT_EQ(refusal(verify_code(challenge, code())), Code::challenge_expired);
  EXPECT_EQ(refusal(log_in(kOld)), Code::invalid_credentials);
  EXPECT_TRUE(log_in(kNew));
  EXPECT_EQ(ops(model::RecordKind::user, record_id(here.user())).front(), "user.password");
  EXPECT_EQ(ops(model::RecordKind::session, record_id(other.session().id)),
            (std::vector<std::string>{"session.end", "session.start"}));
}

TEST_F(MyAccount, AWrongPasswordSpendsNothingAndCountsAsAPasswordFailure) {
  enrol();
  const auto here = sign_in();
  const auto right = code();
  for (int i = 0; i < 5; ++i) {
    const auto refused = change(here, "wrong horse battery", kNew, i % 2 == 0 ? right : wrong_code());
    ASSERT_EQ(refusal(refused), Code::invalid_value);
    EXPECT_EQ(refused.error().fields.at(0).where, "#/current_password");
  }
  EXPECT_EQ(store->read()->factor_counters(here.user()).failures, 0) << "codes count only after a right password";
  EXPECT_EQ(refusal(accounts->own_account.may_change_password(here, home)), Code::too_many_attempts);
  EXPECT_EQ(refusal(change(here, kOld, kNew, right)), Code::too_many_attempts);
  EXPECT_EQ(refusal(log_in()), Code::too_many_attempts) << "the same count as for logins";
  const Client elsewhere{"198.51.100.1", "198.51.100.0/24", "198.51.100.1", "198.51.100.0/24"};
  EXPECT_TRUE(accounts->own_account.may_change_password(here, elsewhere)) << "another network is not slowed down";
  clock.move(1s);
  EXPECT_TRUE(change(here, kOld, kNew, right)) << "the code was not spent";
}

TEST_F(MyAccount, AWrongCodeAfterARightPasswordCounts) {
  enrol();
  const auto here = sign_in();
  for (int i = 0; i < 10; ++i) ASSERT_EQ(refusal(change(here, kOld, kNew, wrong_code())), Code::invalid_code);
  EXPECT_EQ(refusal(change(here, kOld, kNew, code())), Code::too_many_attempts);
  EXPECT_EQ(refusal(renew(here, code())), Code::too_many_attempts) << "one guess budget";
  EXPECT_EQ(refusal(replace(here, {.code = code()})), Code::too_many_attempts);
  EXPECT_EQ(refusal(verify_code(log_in()->challenge, code())), Code::too_many_attempts);
  clock.move(30s);
  ASSERT_TRUE(change(here, kOld, kNew, code()));
  EXPECT_EQ(refusal(change(here, kNew, kOld, code())), Code::code_already_used);
}

// With a session and the password, a client could keep the hashing pool busy with codes that are not even checked.
TEST_F(MyAccount, NoPasswordIsHashedWhileCodesMustWait) {
  enrol();
  const auto here = sign_in();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(accounts->own_account.may_change_password(here, home));
    ASSERT_EQ(refusal(change(here, kOld, kNew, wrong_code())), Code::invalid_code);
  }
  const auto refused = accounts->own_account.may_change_password(here, home);
  EXPECT_EQ(refusal(refused), Code::too_many_attempts);
  EXPECT_EQ(refused.error().retry_after, Millis(30s));
  EXPECT_EQ(refusal(change(here, "wrong horse battery", kNew, code())), Code::too_many_attempts);
  clock.move(30s);
  EXPECT_TRUE(accounts->own_account.may_change_password(here, home));
  EXPECT_TRUE(change(here, kOld, kNew, code()));
}

TEST_F(MyAccount, AWeakNewPasswordIsRefusedBeforeAnythingIsTried) {
  enrol();
  const auto here = sign_in();
  for (int i = 0; i < 6; ++i) {
    const auto refused = change(here, "wrong horse battery", "password1", wrong_code());
    ASSERT_EQ(refusal(refused), Code::weak_password);
    EXPECT_EQ(refused.error().fields.at(0).where, "#/new_password");
  }
  EXPECT_TRUE(change(here, kOld, kNew, code()));
}

TEST_F(MyAccount, NewRecoveryCodesReplaceTheOldOnes) {
  enrol();
  const auto here = sign_in();
  EXPECT_EQ(refusal(renew(here, wrong_code())), Code::invalid_code);
  const auto renewed = renew(here, code());
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->size(), 10U);
  EXPECT_EQ(refusal(verify(log_in()->challenge, recovery(0))), Code::invalid_code);
  recovery_codes = *renewed;
  const auto verified = verify(log_in()->challenge, recovery(0));
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->recovery_codes_left, 9);
  EXPECT_TRUE(alive(here));
}

TEST_F(MyAccount, TheOldAuthenticatorWorksUntilTheNewOneIsConfirmed) {
  enrol();
  const auto here = sign_in();
  const auto step = replace(here, {.code = code()});
  ASSERT_TRUE(step);
  EXPECT_EQ(step->next, Next::enrol);
  EXPECT_EQ(step->expires_in, 600s);
  const auto fresh = secret_of(step->challenge);
  EXPECT_NE(fresh, secret);
  EXPECT_EQ(secret_of(step->challenge), fresh) << "reading it changes nothing";
  clock.move(30s);
  const auto other = sign_in();

  EXPECT_EQ(refusal(verify_code(step->challenge, code())), Code::invalid_code) << "a code of the old one";
  const auto confirmed = verify_code(step->challenge, hotp(fresh, totp_step(clock.now())));
  ASSERT_TRUE(confirmed);
  EXPECT_FALSE(confirmed->recovery_codes) << "they stay as they are";
  EXPECT_EQ(confirmed->recovery_codes_left, 10);
  EXPECT_FALSE(alive(here));
  EXPECT_FALSE(alive(other));
  EXPECT_TRUE(alive(signed_in(*confirmed)));
  clock.move(30s);
  EXPECT_EQ(refusal(verify_code(log_in()->challenge, code())), Code::invalid_code) << "the old one is gone";
  secret = fresh;
  EXPECT_TRUE(verify_code(log_in()->challenge, code()));
  EXPECT_TRUE(verify(log_in()->challenge, recovery(0)));
}

TEST_F(MyAccount, ARecoveryCodeReplacesAnAuthenticatorThatWaitsOrIsDisabled) {
  enrol();
  for (int i = 0; i < 100; ++i) {
    (void)verify_code(log_in()->challenge, wrong_code());
    clock.move(1h);
  }
  const auto here = signed_in(*verify(log_in()->challenge, recovery(0)));
  EXPECT_EQ(refusal(replace(here, {.code = code()})), Code::factor_disabled);
  EXPECT_EQ(refusal(replace(here, recovery(0))), Code::invalid_code) << "spent";
  const auto step = replace(here, recovery(1));
  ASSERT_TRUE(step);
  EXPECT_EQ(refusal(replace(here, recovery(1))), Code::invalid_code);
  secret = secret_of(step->challenge);
  ASSERT_TRUE(verify_code(step->challenge, code()));
  clock.move(30s);
  EXPECT_TRUE(verify_code(log_in()->challenge, code())) << "enabled again";
}

TEST_F(MyAccount, ASessionThatHasEndedChangesNothing) {
  enrol();
  const auto here = sign_in();
  ASSERT_TRUE(store->write(accounts->sessions.log_out(here)));
  const auto changes = store->read()->last_change_number();
  EXPECT_EQ(refusal(change(here, kOld, kNew, code())), Code::invalid_token);
  EXPECT_EQ(refusal(renew(here, code())), Code::invalid_token);
  EXPECT_EQ(refusal(replace(here, recovery(0))), Code::invalid_token);
  EXPECT_EQ(store->read()->last_change_number(), changes);
  EXPECT_TRUE(verify_code(log_in()->challenge, code())) << "the code was not spent";
}

TEST_F(MyAccount, AnExpiredSessionChangesNothingEither) {
  enrol();
  const auto here = sign_in();
  clock.move(30min);
  EXPECT_EQ(refusal(renew(here, code())), Code::invalid_token);
}

TEST_F(MyAccount, AResetOrANewPasswordEndsTheChallengeOfANewAuthenticator) {
  enrol();
  const auto here = sign_in();
  const auto first = replace(here, {.code = code()});
  clock.move(30s);
  ASSERT_TRUE(change(here, kOld, kNew, code()));
  clock.move(30s);
  EXPECT_EQ(refusal(verify_code(first->challenge, code())), Code::challenge_expired);
  const auto second = replace(here, {.code = code()});
  ASSERT_TRUE(second);
  ASSERT_TRUE(accounts->host.reset_factor("ada"));
  EXPECT_EQ(refusal(verify_code(second->challenge, code())), Code::challenge_expired);
}

}  // namespace
}  // namespace integrity::auth
