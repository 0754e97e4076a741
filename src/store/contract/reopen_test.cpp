// What was acknowledged is there after closing and opening; what has expired can be removed.
#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

TEST_P(StoreContract, FingerprintsOfKeysStayUntilTheyAreReplaced) {
  const auto fingerprint = [&](std::string_view key) {
    std::optional<model::Digest> found;
    given([&](WriteTx& tx) -> Result<bool> {
      found = tx.key_fingerprint(key);
      return true;
    });
    return found;
  };
  EXPECT_FALSE(fingerprint("a.key"));
  for (const std::uint8_t fill : {std::uint8_t{1}, std::uint8_t{2}}) {
    given([&](WriteTx& tx) -> Result<bool> {
      tx.set_key_fingerprint("a.key", digest(fill));
      return true;
    });
    open();
    EXPECT_EQ(fingerprint("a.key"), digest(fill));
    EXPECT_FALSE(fingerprint("b.key"));
  }
}

TEST_P(StoreContract, EverythingIsThereAfterReopening) {
  const auto waiting = given_pending("cyd");
  auto ada = given_user("ada");
  const auto session = session_of(ada), ended = session_of(ada);
  auto challenge = challenge_of(ada, 7);
  challenge.next = model::Challenge::Next::enrol;
  challenge.pending_secret = {4, 5, 6};
  auto made = product();
  made.sku = "L-1";
  made.description = "two\nlines, ünïcode";
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = session});
    tx.start_session(act_, {.session = ended});
    tx.end_session(act_, ended.id);
    tx.add_challenge(challenge);
    tx.count_challenge_try(challenge.token_hash, 5);
    tx.replace_recovery_codes(act_, ada, {digest(1), digest(2)});
    tx.spend_recovery_code(act_, ada, digest(1));
    tx.spend_totp_step(ada.id, 1000);
    tx.set_factor_counters(ada.id, {.failures = 2, .failures_unredeemed = 3, .locked_until = tx.now()});
    return done(tx.create_product(act_, made));
  });
  open();

  EXPECT_EQ(stored(made), made);
  EXPECT_EQ(history(made).size(), 1U);
  ASSERT_TRUE(store().session(session.id));
  EXPECT_EQ(store().session(session.id)->user, ada.id);
  EXPECT_EQ(store().session(session.id)->expires_at, session.expires_at);
  EXPECT_FALSE(store().session(ended.id));

  const auto read = store().read();
  const auto user = read->user(ada.id);
  ASSERT_TRUE(user);
  EXPECT_EQ(user->username, "ada");
  EXPECT_EQ(user->version, ada.version);
  EXPECT_EQ(user->state, model::UserState::active);
  EXPECT_EQ(user->totp_secret, ada.totp_secret);
  EXPECT_EQ(user->totp_confirmed_at, ada.totp_confirmed_at);
  EXPECT_EQ(read->user(waiting.id)->pending_until, waiting.pending_until);
  EXPECT_EQ(read->user(waiting.id)->pending_network, waiting.pending_network);
  EXPECT_EQ(read->recovery_codes_left(ada.id), 1);
  const auto found = read->challenge(challenge.token_hash);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->next, model::Challenge::Next::enrol);
  EXPECT_EQ(found->pending_secret, challenge.pending_secret);
  EXPECT_EQ(found->attempts, 1);
  EXPECT_EQ(found->expires_at, challenge.expires_at);
  const auto counters = read->factor_counters(ada.id);
  EXPECT_EQ(counters.last_step, 1000);
  EXPECT_EQ(counters.failures, 2);
  EXPECT_EQ(counters.failures_unredeemed, 3);
  EXPECT_EQ(counters.locked_until, clock_.now());

  EXPECT_FALSE(*store().write([&](WriteTx& tx) -> Result<bool> { return tx.spend_totp_step(ada.id, 1000); }));
  const auto next = given_product();
  EXPECT_EQ(history(next)[0].number, store().read()->last_change_number());
}

TEST_P(StoreContract, ClosingFinishesQueuedWrites) {
  std::vector<model::Product> products;
  for (int i = 0; i < 300; ++i) products.push_back(product());
  std::atomic<int> answered = 0;
  for (const auto& p : products) {
    auto run = [&](WriteTx& tx) { return done(tx.create_product(act_, p)); };
    auto tell = [&](const Result<bool>& r) { answered += r.has_value() ? 1 : 0; };
    store().submit(make_job<bool>({}, run, tell));
  }
  open();
  EXPECT_EQ(answered, 300);
  EXPECT_EQ(store().read()->last_change_number(), 300);
}

TEST_P(StoreContract, AnExpiredSessionIsNotAliveEvenBeforeTheCleanUp) {
  const auto session = session_of(given_user("ada"));
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = session});
    return true;
  });
  clock_.move(session_life - Millis(1));
  EXPECT_TRUE(store().session(session.id));
  clock_.move(Millis(1));
  EXPECT_FALSE(store().session(session.id));
  const auto clean = [this](WriteTx& tx) -> Result<std::size_t> {
    return tx.remove_expired_sessions(clock_.now(), 10);
  };
  EXPECT_EQ(*store().write(clean), 1U);
  EXPECT_EQ(*store().write(clean), 0U);
}

// Rows from a clock that was ahead stayed for as long as it had been ahead.
TEST_P(StoreContract, WhatHasMoreLifeLeftThanItsKindCanHaveIsRemoved) {
  const auto ada = given_user("ada");
  clock_.move(std::chrono::hours(24));
  const auto ahead = session_of(ada);
  const auto bob = given_pending("bob");
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = ahead});
    tx.add_challenge(challenge_of(ada, 7));
    return true;
  });
  clock_.move(-std::chrono::hours(24));
  const auto alive = session_of(ada);
  const auto cyd = given_pending("cyd");
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = alive});
    tx.add_challenge(challenge_of(ada, 8));
    return true;
  });
  const auto clean = [this](WriteTx& tx) -> Result<std::vector<std::size_t>> {
    return std::vector{tx.remove_expired_sessions(clock_.now(), 10), tx.remove_expired_challenges(clock_.now(), 10),
                       tx.remove_expired_pending_users(clock_.now(), 10)};
  };
  EXPECT_EQ(*store().write(clean), (std::vector<std::size_t>{1, 1, 1}));
  EXPECT_FALSE(store().session(ahead.id));
  EXPECT_TRUE(store().session(alive.id));
  EXPECT_FALSE(store().read()->challenge(digest(7)));
  EXPECT_TRUE(store().read()->challenge(digest(8)));
  EXPECT_FALSE(store().read()->user(bob.id));
  EXPECT_TRUE(store().read()->user(cyd.id));
}

TEST_P(StoreContract, ExpiredPendingAccountsAreRemovedWithTheirChallenges) {
  std::vector<model::User> early;
  for (const char* name : {"ada", "bob", "cyd"}) early.push_back(given_pending(name));
  given([&](WriteTx& tx) -> Result<bool> {
    tx.add_challenge(challenge_of(early[0], 7));
    return true;
  });
  clock_.move(std::chrono::hours(1));
  const auto late = given_pending("dan");
  const auto active = given_user("eve");
  clock_.move(std::chrono::hours(23));
  const auto clean = [this](WriteTx& tx) -> Result<std::size_t> {
    return tx.remove_expired_pending_users(clock_.now(), 2);
  };
  EXPECT_EQ(*store().write(clean), 2U);
  EXPECT_EQ(*store().write(clean), 1U);
  EXPECT_EQ(*store().write(clean), 0U);
  EXPECT_FALSE(store().read()->challenge(digest(7)));
  EXPECT_TRUE(store().read()->user(late.id));
  EXPECT_TRUE(store().read()->user(active.id));
}

TEST_P(StoreContract, PendingAccountsAreCountedInTotalAndByNetwork) {
  given_pending("ada");
  auto other = pending("bob");
  other.pending_network = "198.51.100.0/24";
  given([&](WriteTx& tx) { return done(tx.add_pending_user(other)); });
  given_user("cyd");
  given([&](WriteTx& tx) -> Result<bool> {
    EXPECT_EQ(tx.pending_users({}), 2U);
    EXPECT_EQ(tx.pending_users("198.51.100.0/24"), 1U);
    EXPECT_EQ(tx.pending_users("203.0.113.0/24"), 0U);
    return true;
  });
}

TEST_P(StoreContract, ChallengesAreRemovedByAccountAndByExpiry) {
  const auto ada = given_user("ada"), bob = given_user("bob");
  given([&](WriteTx& tx) -> Result<bool> {
    tx.add_challenge(challenge_of(ada, 1));
    tx.add_challenge(challenge_of(ada, 2));
    tx.add_challenge(challenge_of(bob, 3));
    tx.remove_challenges_of(ada.id);
    return true;
  });
  EXPECT_FALSE(store().read()->challenge(digest(1)));
  EXPECT_FALSE(store().read()->challenge(digest(2)));
  EXPECT_TRUE(store().read()->challenge(digest(3)));
  clock_.move(std::chrono::minutes(5));
  EXPECT_EQ(*store().write(
                [this](WriteTx& tx) -> Result<std::size_t> { return tx.remove_expired_challenges(clock_.now(), 10); }),
            1U);
}

TEST_P(StoreContract, APendingAccountCanBeUpdatedWithoutHistory) {
  auto user = given_pending("ada");
  user.totp_secret = {9, 9};
  user.pending_until = *user.pending_until + std::chrono::hours(1);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.update_pending_user(user);
    return true;
  });
  EXPECT_EQ(store().read()->user(user.id)->totp_secret, user.totp_secret);
  EXPECT_EQ(store().read()->user(user.id)->pending_until, user.pending_until);
  EXPECT_EQ(store().read()->last_change_number(), 0);
}

}  // namespace
}  // namespace integrity::store
