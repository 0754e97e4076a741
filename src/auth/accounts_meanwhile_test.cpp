// A password takes a quarter of a second to check, and the account may change in that time. A source of random numbers
// that first runs a function stands for another client that is faster.
#include <gtest/gtest.h>

#include "auth/accounts.hpp"
#include "auth/authenticator.hpp"
#include "auth/totp.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "testing/base32.hpp"
#include "testing/clock.hpp"
#include "testing/folder.hpp"
#include "testing/random.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;

class InterruptedRandom final : public Random {
 public:
  std::function<void()> meanwhile;
  void fill(std::span<std::uint8_t> out) override {
    if (const auto function = std::exchange(meanwhile, {})) function();
    random_.fill(out);
  }

 private:
  test::SeededRandom random_;
};

struct Fixture : ::testing::Test {
  Fixture() {
    store = store::sqlite::open_sqlite({.file = folder / "test.db", .clock = &clock});
    accounts = std::make_unique<Accounts>(*store, clock, random, Secret(kKey), Secret(kKey), rules(4));
  }
  ~Fixture() override {
    accounts.reset();
    store.reset();
  }

  static AccountRules rules(int cost) {
    return {.bcrypt_cost = cost, .login_rate_limit = {1e6, 1e6}, .signup_rate_limit = {1e6, 1e6}};
  }
  Result<FirstStep> sign_up() { return accounts->sign_in.sign_up("ada", {}, Secret(kPassword), {}, home); }
  Result<FirstStep> log_in() { return accounts->sign_in.log_in("ada", Secret(kPassword), home); }
  std::string hash_of_ada() { return store->read()->user_by_name("ada")->password_hash; }
  // Ada with an active factor.
  void enrol() {
    const auto added = accounts->host.add_user("ada", Secret(kPassword), model::Role::editor);
    ASSERT_TRUE(added);
    secret = *test::from_base32(added->enrolment.secret_base32);
    ASSERT_TRUE(accounts->host.confirm(added->challenge, code()));
    clock.move(30s);
  }
  std::string code() const { return hotp(secret, totp_step(clock.now())); }
  // Enrolled, and with a session.
  SignedIn sign_in() {
    enrol();
    const auto verified = store->write(accounts->sign_in.verify(log_in()->challenge, {}, {.code = code()}, {}));
    clock.move(30s);
    const Tokens tokens{TokenKey::hs256(Secret(kKey)), "issuer", "audience"};
    Authenticator authenticator(*store, tokens, clock);
    const auto token = tokens.issue(claims_of(verified->session, clock.now(), "any"));
    return *authenticator.authenticate(token, [] { return std::string(); })->signed_in();
  }
  static std::optional<Code> refusal(const auto& result) {
    if (result) return {};
    return result.error().code;
  }

  static constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef", kPassword = "correct horse battery";
  test::ManualClock clock;
  InterruptedRandom random;
  test::TempFolder folder;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Accounts> accounts;
  Bytes secret;
  const Client home{"192.0.2.1", "192.0.2.0/24", "192.0.2.1", "192.0.2.0/24"};
};
using Meanwhile = Fixture;

TEST_F(Meanwhile, ALoginWithThePasswordThatWasJustReplacedIsRefused) {
  enrol();
  random.meanwhile = [&] {
    ASSERT_TRUE(accounts->host.set_password("ada", Secret(std::string_view("another horse"))));
  };
  EXPECT_EQ(refusal(log_in()), Code::invalid_credentials);
  EXPECT_FALSE(random.meanwhile) << "the other client was faster";
}

TEST_F(Meanwhile, ALoginToAnAccountThatWasJustDisabledIsRefused) {
  enrol();
  random.meanwhile = [&] { ASSERT_TRUE(accounts->host.disable("ada")); };
  EXPECT_EQ(refusal(log_in()), Code::invalid_credentials);
}

// Its challenge would say "verify", and there is no authenticator to verify with.
TEST_F(Meanwhile, ALoginToAnAccountThatWasJustResetBeginsAgain) {
  enrol();
  random.meanwhile = [&] { ASSERT_TRUE(accounts->host.reset_factor("ada")); };
  EXPECT_EQ(refusal(log_in()), Code::invalid_credentials);
  const auto step = log_in();
  ASSERT_TRUE(step);
  EXPECT_EQ(step->next, model::Challenge::Next::enrol);
}

// A salt is drawn for each hash. A session and the password alone must not get two passwords hashed with every guess.
TEST_F(Meanwhile, ANewPasswordIsHashedOnlyAfterARightCode) {
  const auto here = sign_in();
  bool hashed = false;
  random.meanwhile = [&] { hashed = true; };
  const auto change = [&](std::string with) {
    return accounts->own_account.change_password(
        here, {Secret(kPassword), Secret(std::string_view("another horse battery")), std::move(with)}, home);
  };
  const std::string wrong = code() == "123456" ? "654321" : "123456";
  EXPECT_EQ(refusal(change(wrong)), Code::invalid_code);
  EXPECT_FALSE(hashed);
  EXPECT_TRUE(change(code()));
  EXPECT_TRUE(hashed);
}

TEST_F(Meanwhile, APasswordThatWasReplacedWhileAnotherIsHashedStays) {
  const auto here = sign_in();
  constexpr std::string_view kNewer = "a newer horse battery";
  random.meanwhile = [&] { ASSERT_TRUE(accounts->host.set_password("ada", Secret(kNewer))); };
  const auto refused = accounts->own_account.change_password(
      here, {Secret(kPassword), Secret(std::string_view("another horse battery")), code()}, home);
  EXPECT_EQ(refusal(refused), Code::invalid_token) << "the other password ended the session";
  EXPECT_TRUE(accounts->sign_in.log_in("ada", Secret(kNewer), home));
}

TEST_F(Meanwhile, OfTwoSignUpsWithOneNameTheFirstCommitWins) {
  random.meanwhile = [&] { ASSERT_TRUE(sign_up()); };
  EXPECT_EQ(refusal(sign_up()), Code::username_taken);
}

// The clock makes the name free, not the sweep.
TEST_F(Meanwhile, ANameThatWasNotConfirmedInTimeIsFreeBeforeTheSweep) {
  ASSERT_TRUE(sign_up());
  clock.move(24h);
  EXPECT_TRUE(sign_up());
}

TEST_F(Meanwhile, AHigherCostIsAppliedAtTheNextLogin) {
  enrol();
  ASSERT_TRUE(hash_of_ada().starts_with("$2b$04$"));
  const auto version = store->read()->user_by_name("ada")->version;
  accounts = std::make_unique<Accounts>(*store, clock, random, Secret(kKey), Secret(kKey), rules(5));
  EXPECT_EQ(refusal(accounts->sign_in.log_in("ada", Secret(std::string_view("wrong horse")), home)),
            Code::invalid_credentials);
  EXPECT_TRUE(hash_of_ada().starts_with("$2b$04$")) << "a wrong password changes nothing";
  ASSERT_TRUE(log_in());
  EXPECT_TRUE(hash_of_ada().starts_with("$2b$05$"));
  EXPECT_EQ(store->read()->user_by_name("ada")->version, version + 1) << "the history has it";
  EXPECT_TRUE(log_in()) << "still the same password";
  EXPECT_EQ(store->read()->user_by_name("ada")->version, version + 1) << "once";
}

TEST_F(Meanwhile, AHigherCostIsAppliedToAPendingAccountToo) {
  ASSERT_TRUE(sign_up());
  accounts = std::make_unique<Accounts>(*store, clock, random, Secret(kKey), Secret(kKey), rules(5));
  ASSERT_TRUE(log_in());
  EXPECT_TRUE(hash_of_ada().starts_with("$2b$05$"));
  EXPECT_TRUE(log_in());
}

// Guesses in parallel all pass the first check; those that wait for the pool are checked again when their turn comes.
TEST_F(Meanwhile, GuessesThatWaitedTogetherAreCountedOneByOne) {
  enrol();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(accounts->sign_in.may_log_in("ada", home));
    EXPECT_EQ(refusal(accounts->sign_in.log_in("ada", Secret(std::string_view("wrong horse")), home)),
              Code::invalid_credentials);
  }
  const auto refused = log_in();
  EXPECT_EQ(refusal(refused), Code::too_many_attempts) << "even with the right password";
  EXPECT_EQ(refused.error().retry_after, Millis(1000));
  EXPECT_EQ(refusal(accounts->sign_in.may_log_in("ada", home)), Code::too_many_attempts);
  EXPECT_TRUE(accounts->sign_in.may_log_in("bob", home));
  clock.move(1s);
  EXPECT_TRUE(log_in());
}

TEST_F(Meanwhile, AnAddressIsRateLimited) {
  auto tight = rules(4);
  tight.signup_open = false;
  tight.login_rate_limit = {1, 1};
  tight.signup_rate_limit = {1, 0.1};
  accounts = std::make_unique<Accounts>(*store, clock, random, Secret(kKey), Secret(kKey), tight);
  EXPECT_TRUE(accounts->sign_in.may_sign_up(home));
  EXPECT_EQ(refusal(accounts->sign_in.may_sign_up(home)), Code::too_many_attempts);
  EXPECT_TRUE(accounts->sign_in.may_log_in("ada", home));
  const auto refused = accounts->sign_in.may_log_in("bob", home);
  EXPECT_EQ(refusal(refused), Code::too_many_attempts) << "whatever the name";
  EXPECT_EQ(refused.error().retry_after, Millis(1000));
  EXPECT_EQ(refusal(accounts->sign_in.signup_open()), Code::signup_closed);
}

}  // namespace
}  // namespace integrity::auth
