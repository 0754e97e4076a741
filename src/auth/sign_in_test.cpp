// Sign-up, the two steps of a login, and the counters, on the embedded store with a manual clock.
#include "auth/accounts_fixture.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;
using Next = model::Challenge::Next;
using SecondFactorFlow = AccountsFixture;

TEST_F(SecondFactorFlow, LeadsFromSignUpToASession) {
  enrol();
  const auto step = log_in();
  ASSERT_TRUE(step);
  EXPECT_EQ(step->next, Next::verify);
  EXPECT_EQ(step->expires_in, 300s);
  const auto verified = verify_code(step->challenge, code());
  ASSERT_TRUE(verified);
  EXPECT_FALSE(verified->recovery_codes) << "shown once";
  EXPECT_EQ(verified->recovery_codes_left, 10);
  EXPECT_TRUE(store->session(verified->session.id));
}

TEST_F(SecondFactorFlow, SpendsTheEnrolmentCodeToo) {
  const auto step = accounts->sign_in.sign_up("ada", {}, password(), {}, home);
  secret = secret_of(step->challenge);
  ASSERT_TRUE(verify_code(step->challenge, code()));
  const auto again = verify_code(log_in()->challenge, code());
  EXPECT_EQ(refusal(again), Code::code_already_used);
  EXPECT_TRUE(again.error().retry_after);
}

TEST_F(SecondFactorFlow, SaysHowLongToWaitForTheNextCode) {
  enrol();
  ASSERT_TRUE(verify_code(log_in()->challenge, code()));
  clock.move(13s);
  const auto again = verify_code(log_in()->challenge, code());
  EXPECT_EQ(again.error().detail, "this code was used already; wait 17 s for the next one");
  EXPECT_EQ(again.error().retry_after, 17s);
}

TEST_F(SecondFactorFlow, KeepsTheNewestChallengesOfAnAccount) {
  accounts.emplace(*store, clock, random, random.secret(32), random.secret(32),
                   AccountRules{.bcrypt_cost = 4, .challenges_per_account_max = 3});
  std::vector<std::string> made{accounts->sign_in.sign_up("ada", {}, password(), {}, home)->challenge};
  for (int i = 0; i < 4; ++i) {
    clock.move(1s);
    made.push_back(log_in()->challenge);
  }
  const auto tx = store->read();
  for (std::size_t i = 0; i < made.size(); ++i) {
    EXPECT_EQ(accounts->sign_in.first_step_done(*tx, made[i], "ada").has_value(), i >= 2) << i;
  }
}

TEST_F(SecondFactorFlow, HashesThePasswordAgainWhereTheCostHasChanged) {
  const auto key = random.secret(32), secrets = random.secret(32);
  const auto restart = [&](int cost) {
    accounts.emplace(*store, clock, random, key.clone(), secrets, AccountRules{.bcrypt_cost = cost});
  };
  const auto stored = [&] { return store->read()->user_by_name("ada")->password_hash; };
  restart(4);
  enrol();
  const auto before = log_in();
  ASSERT_TRUE(stored().starts_with("$2b$04$"));
  restart(5);
  ASSERT_TRUE(log_in());
  EXPECT_TRUE(stored().starts_with("$2b$05$"));
  EXPECT_TRUE(verify_code(before->challenge, code())) << "it is the same password";
  const auto again = stored();
  ASSERT_TRUE(log_in());
  EXPECT_EQ(stored(), again);
  restart(4);
  ASSERT_TRUE(log_in());
  EXPECT_TRUE(stored().starts_with("$2b$04$"))
      << "a lower cost too: until then every login takes the work of the higher one";
  EXPECT_TRUE(log_in());
}

// With a lower --bcrypt-cost, a name that does not exist was refused sooner than an account from before.
TEST_F(SecondFactorFlow, TakesTheWorkOfTheHighestCostStoredForEveryName) {
  std::uint64_t rounds = 0;
  const auto start = [&](int cost) {
    accounts.emplace(
        *store, clock, random, Secret(std::string(32, 'k')), Secret(std::string(32, 's')),
        AccountRules{.bcrypt_cost = cost, .compare = [&](std::string_view text, const std::string& bcrypt) {
                       rounds += std::uint64_t{1} << crypto::bcrypt_cost(bcrypt);
                       return crypto::bcrypt_verify(text, bcrypt);
                     }});
    accounts->sign_in.expect_stored_hashes();
  };
  start(7);
  enrol();
  start(5);
  ASSERT_TRUE(accounts->sign_in.sign_up("bob", {}, password(), {}, home));
  for (const char* name : {"nobody", "bob", "ada"}) {
    rounds = 0;
    EXPECT_EQ(refusal(accounts->sign_in.log_in(name, password("wrong horse"), home)), Code::invalid_credentials);
    EXPECT_EQ(rounds, 1U << 7) << name;
  }
}

// Another node hashes at a higher cost. Until this one met such a hash, or was started again, a name that does not
// exist was refused sooner.
TEST_F(SecondFactorFlow, TakesTheWorkOfAHashThatAnotherNodeStoredAfterASweep) {
  std::uint64_t rounds = 0;
  accounts.emplace(*store, clock, random, random.secret(32), random.secret(32),
                   AccountRules{.bcrypt_cost = 4, .compare = [&](std::string_view text, const std::string& bcrypt) {
                                  rounds += std::uint64_t{1} << crypto::bcrypt_cost(bcrypt);
                                  return crypto::bcrypt_verify(text, bcrypt);
                                }});
  accounts->sign_in.expect_stored_hashes();
  Accounts other(*store, clock, random, random.secret(32), random.secret(32), {.bcrypt_cost = 6});
  ASSERT_TRUE(other.sign_in.sign_up("ada", {}, password(), {}, home));
  accounts->sweep();
  EXPECT_EQ(refusal(accounts->sign_in.log_in("nobody", password("wrong horse"), home)), Code::invalid_credentials);
  EXPECT_EQ(rounds, 1U << 6);
}

TEST_F(SecondFactorFlow, RefusesACodeThatWasUsedWhenTheClockGoesBack) {
  enrol();
  const auto used = code();
  ASSERT_TRUE(verify_code(log_in()->challenge, used));
  clock.move(-30s);
  EXPECT_EQ(refusal(verify_code(log_in()->challenge, used)), Code::code_already_used);
}

TEST_F(SecondFactorFlow, GivesEveryLoginBeforeConfirmationANewSecret) {
  const auto first = accounts->sign_in.sign_up("ada", {}, password(), {}, home);
  const auto second = log_in();
  EXPECT_EQ(second->next, Next::enrol);
  EXPECT_NE(secret_of(first->challenge), secret_of(second->challenge));
  secret = secret_of(second->challenge);
  ASSERT_TRUE(verify_code(second->challenge, code()));
  EXPECT_EQ(refusal(verify_code(first->challenge, code())), Code::challenge_expired) << "it ended the other one";
}

TEST_F(SecondFactorFlow, NeverShowsAnActiveSecret) {
  enrol();
  const auto step = log_in();
  const auto tx = store->read();
  const auto caller = accounts->sign_in.first_step_done(*tx, step->challenge, "ADA");
  ASSERT_TRUE(caller);
  EXPECT_EQ(refusal(accounts->sign_in.enrolment(*caller)), Code::already_enrolled);
}

TEST_F(SecondFactorFlow, EndsAChallengeAfterFiveAttempts) {
  enrol();
  const auto step = log_in();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(refusal(verify_code(step->challenge, wrong_code())), Code::invalid_code);
  EXPECT_EQ(refusal(verify_code(step->challenge, code())), Code::challenge_expired);
}

TEST_F(SecondFactorFlow, EndsChallengesInTime) {
  enrol();
  const auto step = log_in();
  clock.move(299s);
  ASSERT_TRUE(verify_code(step->challenge, code()));
  const auto late = log_in();
  clock.move(300s);
  EXPECT_EQ(refusal(verify_code(late->challenge, code())), Code::challenge_expired);
  EXPECT_EQ(refusal(verify_code("made-up", code())), Code::challenge_expired);
}

TEST_F(SecondFactorFlow, BindsAChallengeToItsUserAndPassword) {
  enrol();
  const auto step = log_in();
  EXPECT_EQ(refusal(store->write(accounts->sign_in.verify(step->challenge, "bob", {.code = code()}, {}))),
            Code::challenge_expired);
  ASSERT_TRUE(accounts->host.set_password("ada", password("another horse battery")));
  EXPECT_EQ(refusal(verify_code(step->challenge, code())), Code::challenge_expired);
  EXPECT_EQ(refusal(log_in()), Code::invalid_credentials);
  EXPECT_TRUE(log_in("another horse battery"));
}

TEST_F(SecondFactorFlow, TellsThatAPhoneIsBehindButNotThatItIsAhead) {
  enrol();
  clock.move(10min);
  const auto challenge = log_in()->challenge;
  EXPECT_EQ(verify_code(challenge, code(-8)).error().detail.find("your phone is about 4 minutes behind"), 0U);
  const auto ahead = verify_code(challenge, code(+2));
  EXPECT_EQ(refusal(ahead), Code::invalid_code);
  EXPECT_EQ(ahead.error().detail.find("phone is"), std::string::npos);
  EXPECT_EQ(verify_code(challenge, code(-21)).error().detail, ahead.error().detail) << "beyond ten minutes";
}

TEST_F(SecondFactorFlow, MakesTheAccountWaitAfterTenWrongCodesWithAnyChallenges) {
  enrol();
  for (int i = 0; i < 10; i += 5) {
    const auto challenge = log_in()->challenge;
    for (int k = 0; k < 5; ++k) EXPECT_EQ(refusal(verify_code(challenge, wrong_code())), Code::invalid_code);
  }
  for (const auto wait : {30s, 60s, 120s}) {
    const auto challenge = log_in()->challenge;
    const auto refused = verify_code(challenge, code());
    EXPECT_EQ(refusal(refused), Code::too_many_attempts) << "even a right code";
    EXPECT_EQ(refused.error().retry_after, wait);
    clock.move(wait);
    EXPECT_EQ(refusal(verify_code(challenge, wrong_code())), Code::invalid_code);
  }
  clock.move(1h);
  EXPECT_TRUE(verify_code(log_in()->challenge, code()));
  clock.move(30s);
  EXPECT_EQ(refusal(verify_code(log_in()->challenge, wrong_code())), Code::invalid_code);
  EXPECT_TRUE(verify_code(log_in()->challenge, code())) << "the count started from zero";
}

TEST_F(SecondFactorFlow, NeverMakesARecoveryCodeWait) {
  enrol();
  for (int i = 0; i < 10; ++i) (void)verify_code(log_in()->challenge, wrong_code());
  ASSERT_EQ(refusal(verify_code(log_in()->challenge, code())), Code::too_many_attempts);
  const auto verified = verify(log_in()->challenge, {.recovery_code = parse_recovery_code(recovery_codes[0])});
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->session.factor, model::SecondFactor::recovery);
  EXPECT_EQ(verified->recovery_codes_left, 9);
  EXPECT_TRUE(verify_code(log_in()->challenge, code())) << "it set the count back";
  EXPECT_EQ(refusal(verify(log_in()->challenge, {.recovery_code = parse_recovery_code(recovery_codes[0])})),
            Code::invalid_code)
      << "once";
}

TEST_F(SecondFactorFlow, DisablesTheFactorAtAHundredWrongCodesForAllButRecoveryCodes) {
  enrol();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(refusal(verify_code(log_in()->challenge, wrong_code())), Code::invalid_code) << i;
    clock.move(1h);
  }
  EXPECT_EQ(refusal(verify_code(log_in()->challenge, code())), Code::factor_disabled);
  ASSERT_TRUE(verify(log_in()->challenge, {.recovery_code = parse_recovery_code(recovery_codes[0])}));
  EXPECT_EQ(refusal(verify_code(log_in()->challenge, code())), Code::factor_disabled)
      << "a recovery code does not undo it";
  ASSERT_TRUE(accounts->host.reset_factor("ada"));
  const auto step = log_in();
  ASSERT_EQ(step->next, Next::enrol);
  secret = secret_of(step->challenge);
  EXPECT_TRUE(verify_code(step->challenge, code()));
}

TEST_F(SecondFactorFlow, EnrolmentTakesNoRecoveryCode) {
  const auto step = accounts->sign_in.sign_up("ada", {}, password(), {}, home);
  EXPECT_EQ(refusal(verify(step->challenge, {.recovery_code = Bytes(15)})), Code::invalid_value);
}

using SignUp = AccountsFixture;

TEST_F(SignUp, RefusesTakenNamesAndWeakPasswords) {
  ASSERT_TRUE(accounts->sign_in.sign_up("ada", {}, password(), {}, home));
  EXPECT_EQ(refusal(accounts->sign_in.sign_up("ADA", {}, password(), {}, home)), Code::username_taken);
  EXPECT_EQ(refusal(accounts->sign_in.sign_up("bob", {}, password("password1"), {}, home)), Code::weak_password);
}

TEST_F(SignUp, FreesTheNameOfAnAccountThatWasNeverConfirmed) {
  ASSERT_TRUE(accounts->sign_in.sign_up("ada", {}, password(), {}, home));
  clock.move(23h);
  ASSERT_TRUE(log_in()) << "keeps it for another day";
  clock.move(23h);
  accounts->sweep();
  EXPECT_EQ(refusal(accounts->sign_in.sign_up("ada", {}, password(), {}, home)), Code::username_taken);
  clock.move(2h);
  accounts->sweep();
  EXPECT_TRUE(accounts->sign_in.sign_up("ada", {}, password(), {}, home));
}

TEST_F(SignUp, LimitsThePendingAccountsOfANetwork) {
  accounts.emplace(*store, clock, random, random.secret(32), random.secret(32),
                   AccountRules{.bcrypt_cost = 4, .pending_max = 3, .pending_per_network_max = 2});
  EXPECT_TRUE(accounts->sign_in.sign_up("ada", {}, password(), {}, home));
  EXPECT_TRUE(accounts->sign_in.sign_up("bob", {}, password(), {}, home));
  EXPECT_EQ(refusal(accounts->sign_in.sign_up("cyd", {}, password(), {}, home)), Code::overloaded);
  const Client elsewhere{"198.51.100.1", "198.51.100.0/24", "198.51.100.1", "198.51.100.0/24"};
  EXPECT_TRUE(accounts->sign_in.sign_up("cyd", {}, password(), {}, elsewhere));
  EXPECT_EQ(refusal(accounts->sign_in.sign_up("dan", {}, password(), {}, elsewhere)), Code::overloaded)
      << "the limit in all";
}

}  // namespace
}  // namespace integrity::auth
