#include "auth/authenticator.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>

#include "store/sqlite/sqlite_store.hpp"
#include "testing/clock.hpp"
#include "testing/folder.hpp"
#include "testing/random.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;

tl::expected<Principal, TokenFault> authenticate(Authenticator& authenticator, std::string_view token) {
  return authenticator.authenticate(token, [] { return std::string("192.0.2.7"); });
}

struct Fixture : ::testing::Test {
  Fixture() {
    store = store::sqlite::open_sqlite({.file = folder / "test.db", .clock = &clock});
    authenticator.emplace(*store, tokens, clock);
    session = start_session(clock.now() + token_life);
  }
  ~Fixture() override { store.reset(); }

  model::Session start_session(Time expires_at) {
    model::User user;
    user.id = UserId::make(clock.now(), random);
    user.username = "ada" + std::to_string(++users);
    user.password_hash = "$2b$04$hash";
    user.pending_until = clock.now() + 24h;
    model::Session started;
    started.id = SessionId::make(clock.now(), random);
    started.user = user.id;
    started.created_at = clock.now();
    started.expires_at = expires_at;
    const auto done = store->write([&](store::WriteTx& tx) -> Result<int> {
      INTEGRITY_CHECK(tx.add_pending_user(user));
      auto confirmed = user;
      confirmed.state = model::UserState::active;
      confirmed.pending_until.reset();
      tx.update_user({.actor = user.id}, "user.confirm", confirmed);
      tx.start_session({.actor = user.id}, {.session = started});
      return 0;
    });
    EXPECT_TRUE(done);
    return started;
  }
  Claims claims() const {
    return {.user = session.user,
            .session = session.id,
            .token_id = "one",
            .issued_at = to_seconds(session.created_at),
            .expires_at = to_seconds(session.created_at + token_life),
            .amr = {"pwd", "otp"}};
  }
  bool lets_in(std::string_view token) { return authenticate(*authenticator, token).has_value(); }

  test::ManualClock clock;
  test::SeededRandom random;
  test::TempFolder folder;
  std::unique_ptr<store::Store> store;
  Tokens tokens{TokenKey::es256(crypto::Es256Key::generate()), "Data Integrity API", "integrity"};
  std::optional<Authenticator> authenticator;
  model::Session session;
  int users = 0;
};
using AccessToken = Fixture;

TEST_F(AccessToken, OfALiveSessionIsAccepted) {
  const auto token = tokens.issue(claims());
  for (int i = 0; i < 2; ++i) {  // the second time it is remembered
    const auto caller = authenticate(*authenticator, token);
    ASSERT_TRUE(caller);
    EXPECT_EQ(caller->user(), session.user);
    ASSERT_NE(caller->session(), nullptr);
    EXPECT_EQ(caller->session()->id, session.id);
    EXPECT_EQ(caller->key(), nullptr);
    ASSERT_TRUE(caller->signed_in());
    EXPECT_EQ(caller->signed_in()->session().id, session.id);
    EXPECT_EQ(caller->attribution().proof, model::Attribution::Proof::otp);
  }
}

TEST_F(AccessToken, ExpiresToTheSecond) {
  const auto remembered = tokens.issue(claims());
  ASSERT_TRUE(lets_in(remembered));
  auto other = claims();
  other.token_id = "two";
  const auto never_seen = tokens.issue(other);
  clock.move(599s);
  EXPECT_TRUE(lets_in(remembered));
  clock.move(1s);
  EXPECT_FALSE(lets_in(remembered));
  EXPECT_FALSE(lets_in(never_seen));
}

TEST_F(AccessToken, EndsWithItsSessionEvenIfItWasSeenBefore) {
  const auto remembered = tokens.issue(claims());
  ASSERT_TRUE(lets_in(remembered));
  ASSERT_TRUE(store->write(
      [&](store::WriteTx& tx) -> Result<bool> { return tx.end_session({.actor = session.user}, session.id); }));
  EXPECT_FALSE(lets_in(remembered));
  EXPECT_FALSE(lets_in(remembered)) << "no longer remembered";
  auto other = claims();
  other.token_id = "two";
  EXPECT_FALSE(lets_in(tokens.issue(other)));
}

TEST_F(AccessToken, LivesNoLongerThanItsSession) {
  session = start_session(clock.now() + 60s);
  const auto token = tokens.issue(claims());
  EXPECT_TRUE(lets_in(token));
  clock.move(60s);
  EXPECT_FALSE(lets_in(token));
}

TEST_F(AccessToken, IsRefusedForASessionOfAnotherUser) {
  auto mixed = claims();
  mixed.user = start_session(clock.now() + 600s).user;
  EXPECT_FALSE(lets_in(tokens.issue(mixed)));
  mixed.user = UserId::make(clock.now(), random);
  EXPECT_FALSE(lets_in(tokens.issue(mixed)));
}

TEST_F(AccessToken, IsRefusedWithTheSignatureOfAnotherTokenAlthoughEveryClaimIsRight) {
  auto token = tokens.issue(claims());
  auto other = claims();
  other.token_id = "two";
  const auto foreign = tokens.issue(other);
  EXPECT_FALSE(lets_in(token.substr(0, token.rfind('.')) + foreign.substr(foreign.rfind('.'))));
  EXPECT_FALSE(lets_in(token.substr(0, token.rfind('.') + 1)));
  EXPECT_FALSE(lets_in(""));
  EXPECT_TRUE(lets_in(token)) << "refusals are not remembered";
}

// The holder can read these faults off the token; what only the server knows is one fault.
TEST_F(AccessToken, IsRefusedForAReasonThatItsHolderMayKnow) {
  const auto fault = [&](std::string_view token) { return authenticate(*authenticator, token).error(); };
  const auto token = tokens.issue(claims());
  EXPECT_EQ(fault(""), TokenFault::missing);
  EXPECT_EQ(fault("abc"), TokenFault::malformed);
  EXPECT_EQ(fault(token.substr(0, token.rfind('.'))), TokenFault::malformed);

  auto unknown = claims();
  unknown.session = SessionId::make(clock.now(), random);
  auto other = claims();
  other.token_id = "two";
  const auto foreign = tokens.issue(other);
  const auto forged = token.substr(0, token.rfind('.')) + foreign.substr(foreign.rfind('.'));
  EXPECT_EQ(fault(tokens.issue(unknown)), TokenFault::not_accepted);
  EXPECT_EQ(fault(forged), TokenFault::not_accepted);
  clock.move(-61s);
  EXPECT_EQ(fault(token), TokenFault::ahead);
  clock.move(661s);
  EXPECT_EQ(fault(token), TokenFault::expired);
}

// A full shard once forgot every token, also those in use, and the next request of each session checked a signature
// again. Here that check would fail: the key has changed meanwhile.
TEST_F(AccessToken, InUseIsRememberedHoweverManyOthersAreSeen) {
  const auto with_key = [](std::string_view key) { return Tokens(TokenKey::hs256(Secret(key)), "i", "a"); };
  Tokens cheap = with_key("0123456789abcdef0123456789abcdef");
  Authenticator crowded(*store, cheap, clock);
  const auto in_use = cheap.issue(claims()), seen_once = cheap.issue([&] {
    auto other = claims();
    other.token_id = "two";
    return other;
  }());
  ASSERT_TRUE(authenticate(crowded, in_use));
  ASSERT_TRUE(authenticate(crowded, seen_once));
  cheap = with_key("another key, of as many characters");
  auto other = claims();
  for (int i = 0; i < 100'000; ++i) {  // more than 16 shards of 4096
    other.token_id = std::to_string(i);
    ASSERT_TRUE(authenticate(crowded, cheap.issue(other))) << i;
    if (i % 1000 == 0) {
      ASSERT_TRUE(authenticate(crowded, in_use)) << i;
    }
  }
  EXPECT_FALSE(authenticate(crowded, seen_once)) << "was forgotten, so memory is bounded";
}

// A store that returns a session only when two threads ask for one.
class TwoAtOnce final : public store::Store {
 public:
  explicit TwoAtOnce(store::Store& store) : store_(store) {}

  std::optional<model::Session> session(const SessionId& id) override {
    std::unique_lock lock(mutex_);
    const int pair = asked_count_++ / 2;
    asked_.notify_all();
    if (!asked_.wait_for(lock, 10s, [&] { return asked_count_ >= 2 * (pair + 1); })) return {};
    return store_.session(id);
  }
  std::shared_ptr<const model::ApiKey> api_key(const model::Digest& hash) override { return store_.api_key(hash); }
  std::unique_ptr<store::ReadTx> read() override { return store_.read(); }
  void submit(std::unique_ptr<store::Job> job) override { store_.submit(std::move(job)); }

 private:
  store::Store& store_;
  std::mutex mutex_;
  std::condition_variable asked_;
  int asked_count_ = 0;
};

TEST_F(AccessToken, OfOneSessionDoNotWaitForEachOther) {
  TwoAtOnce slow(*store);
  Authenticator waiting(slow, tokens, clock);
  const auto token = tokens.issue(claims());
  const auto both_let_in = [&] {
    auto other = std::async(std::launch::async, [&] { return authenticate(waiting, token).has_value(); });
    const bool one = authenticate(waiting, token).has_value();
    return other.get() && one;
  };
  EXPECT_TRUE(both_let_in()) << "seen for the first time";
  EXPECT_TRUE(both_let_in()) << "remembered";
}

}  // namespace
}  // namespace integrity::auth
