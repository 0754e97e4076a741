// A single-use thing is spent once, however many try at the same time.
#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

TEST_P(StoreContract, OneOfSixteenSpendsATotpStep) {
  const auto user = given_user("ada");
  EXPECT_EQ(race([&](int) {
              return *store().write([&](WriteTx& tx) -> Result<bool> { return tx.spend_totp_step(user.id, 1000); });
            }),
            1);
  EXPECT_EQ(store().read()->factor_counters(user.id).last_step, 1000);
}

TEST_P(StoreContract, SpendsLaterStepsOnly) {
  const auto user = given_user("ada");
  for (const auto& [step, spent] : {std::pair{1000, true}, {1000, false}, {999, false}, {1001, true}}) {
    EXPECT_EQ(*store().write([&, s = step](WriteTx& tx) -> Result<bool> { return tx.spend_totp_step(user.id, s); }),
              spent)
        << step;
  }
}

TEST_P(StoreContract, SettingCountersNeverFreesASpentStep) {
  const auto user = given_user("ada");
  given([&](WriteTx& tx) -> Result<bool> {
    tx.spend_totp_step(user.id, 1000);
    tx.set_factor_counters(user.id, {.last_step = 1, .failures = 3, .failures_unredeemed = 4});
    return tx.spend_totp_step(user.id, 1000) ? Result<bool>(Error{Code::internal}) : true;
  });
  const auto counters = store().read()->factor_counters(user.id);
  EXPECT_EQ(counters.last_step, 1000);
  EXPECT_EQ(counters.failures, 3);
  EXPECT_EQ(counters.failures_unredeemed, 4);
}

TEST_P(StoreContract, StepsBeginAgainWithANewAuthenticator) {
  const auto user = given_user("ada");
  given([&](WriteTx& tx) -> Result<bool> {
    tx.spend_totp_step(user.id, 1000);
    tx.remove_factor_counters(user.id);
    return tx.spend_totp_step(user.id, 999) ? Result<bool>(true) : Error{Code::internal};
  });
  EXPECT_EQ(store().read()->factor_counters(user.id).last_step, 999);
}

TEST_P(StoreContract, OneOfSixteenSpendsARecoveryCode) {
  auto user = given_user("ada");
  given([&](WriteTx& tx) -> Result<bool> {
    auto now = *tx.user(user.id);
    tx.replace_recovery_codes(act_, now, {digest(1), digest(2)});
    return true;
  });
  EXPECT_EQ(race([&](int) {
              return *store().write([&](WriteTx& tx) -> Result<bool> {
                auto now = *tx.user(user.id);
                return tx.spend_recovery_code(act_, now, digest(1));
              });
            }),
            1);
  EXPECT_EQ(store().read()->recovery_codes_left(user.id), 1);
  EXPECT_EQ(store().read()->user(user.id)->version, 3);  // confirmed, codes made, code used
}

TEST_P(StoreContract, ARecoveryCodeBelongsToOneAccount) {
  auto ada = given_user("ada");
  auto bob = given_user("bob");
  given([&](WriteTx& tx) -> Result<bool> {
    tx.replace_recovery_codes(act_, ada, {digest(1)});
    return !tx.spend_recovery_code(act_, bob, digest(1)) ? true : Result<bool>(Error{Code::internal});
  });
  EXPECT_EQ(store().read()->recovery_codes_left(ada.id), 1);
}

TEST_P(StoreContract, ANewSetOfRecoveryCodesReplacesTheOld) {
  const auto ada = given_user("ada");
  given([&](WriteTx& tx) -> Result<bool> {
    auto user = *tx.user(ada.id);
    tx.replace_recovery_codes(act_, user, {digest(1), digest(2)});
    tx.replace_recovery_codes(act_, user, {digest(3)});
    return tx.spend_recovery_code(act_, user, digest(1)) ? Result<bool>(Error{Code::internal}) : true;
  });
  EXPECT_EQ(store().read()->recovery_codes_left(ada.id), 1);
}

TEST_P(StoreContract, OneOfSixteenSpendsAChallenge) {
  const auto challenge = challenge_of(given_user("ada"), 7);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.add_challenge(challenge);
    return true;
  });
  EXPECT_EQ(race([&](int) {
              return *store().write([&](WriteTx& tx) -> Result<bool> { return tx.spend_challenge(digest(7)); });
            }),
            1);
  EXPECT_FALSE(store().read()->challenge(digest(7)));
}

TEST_P(StoreContract, CountsNoMoreAttemptsOfAChallengeThanAllowed) {
  const auto challenge = challenge_of(given_user("ada"), 7);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.add_challenge(challenge);
    return true;
  });
  EXPECT_EQ(race([&](int) {
              return *store().write([&](WriteTx& tx) -> Result<bool> { return tx.count_challenge_try(digest(7), 5); });
            }),
            5);
  EXPECT_EQ(store().read()->challenge(digest(7))->attempts, 5);
}

TEST_P(StoreContract, KeepsTheNewestChallengesOfAnAccountAndKind) {
  const auto ada = given_user("ada"), bob = given_user("bob");
  given([&](WriteTx& tx) -> Result<bool> {
    for (std::uint8_t i = 1; i <= 5; ++i) {
      auto challenge = challenge_of(ada, i);
      challenge.expires_at += std::chrono::seconds(i % 2 == 0 ? 10 + i : i);  // newest: 4, 2, 5, 3, 1
      tx.add_challenge(challenge);
    }
    auto other_kind = challenge_of(ada, 6);
    other_kind.next = model::Challenge::Next::enrol;
    other_kind.pending_secret = {1};
    tx.add_challenge(other_kind);
    tx.add_challenge(challenge_of(bob, 7));
    return tx.remove_challenges_but_newest(ada.id, model::Challenge::Next::verify, 3) == 2 ? Result<bool>(true)
                                                                                           : Error{Code::internal};
  });
  for (const auto& [token, kept] :
       {std::pair{1, false}, {2, true}, {3, false}, {4, true}, {5, true}, {6, true}, {7, true}}) {
    EXPECT_EQ(store().read()->challenge(digest(static_cast<std::uint8_t>(token))).has_value(), kept) << token;
  }
}

TEST_P(StoreContract, ReadsASessionInTheTransactionThatEndsIt) {
  const auto session = session_of(given_user("ada"));
  given([&](WriteTx& tx) -> Result<bool> {
    if (tx.session(session.id)) return Error{Code::internal};
    tx.start_session(act_, {.session = session});
    if (tx.session(session.id)->user != session.user) return Error{Code::internal};
    tx.end_session(act_, session.id);
    return tx.session(session.id) ? Result<bool>(Error{Code::internal}) : true;
  });
}

TEST_P(StoreContract, OneOfSixteenEndsASession) {
  const auto session = session_of(given_user("ada"));
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = session});
    return true;
  });
  EXPECT_EQ(race([&](int) {
              return *store().write([&](WriteTx& tx) -> Result<bool> { return tx.end_session(act_, session.id); });
            }),
            1);
  EXPECT_FALSE(store().session(session.id));
}

}  // namespace
}  // namespace integrity::store
