// The history: one change for every mutation, numbers and revisions without gaps, time that never goes back.
#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

using model::RecordKind;

TEST_P(StoreContract, AChangeSaysWhoMadeItWhatWhyAndTheRecordAfterwards) {
  const auto ada = given_user("ada");
  const auto made = product();
  const model::Attribution attribution{
      .actor = ada.id, .proof = model::Attribution::Proof::otp, .reason = "stocktaking", .reference = "INV-7"};
  given([&](WriteTx& tx) { return done(tx.create_product(attribution, made)); });
  const auto changes = history(made);
  ASSERT_EQ(changes.size(), 1U);
  std::string json;
  append_json(json, made);
  EXPECT_EQ(changes[0].number, 2);  // the first one confirmed the account
  EXPECT_EQ(changes[0].at, clock_.now());
  EXPECT_EQ(changes[0].kind, RecordKind::product);
  EXPECT_EQ(changes[0].record, record_id(made.id));
  EXPECT_EQ(changes[0].revision, 1);
  EXPECT_EQ(changes[0].op, "product.create");
  EXPECT_EQ(changes[0].attribution.actor, ada.id);
  EXPECT_EQ(changes[0].attribution.proof, model::Attribution::Proof::otp);
  EXPECT_EQ(changes[0].attribution.reason, "stocktaking");
  EXPECT_EQ(changes[0].attribution.reference, "INV-7");
  EXPECT_EQ(changes[0].after, json);
}

TEST_P(StoreContract, RevisionsOfAProductAreDenseAndReadableAfterItsDeletion) {
  auto current = given_product();
  for (int i = 0; i < 3; ++i) {
    auto next = current;
    next.stock += 1;
    given([&](WriteTx& tx) { return done(tx.update_product(act_, "product.update", current, next)); });
    current = next;
  }
  given([&](WriteTx& tx) { return done(tx.delete_product(act_, current)); });
  const auto changes = history(current);
  ASSERT_EQ(changes.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(changes[i].revision, 5 - static_cast<int>(i));
  EXPECT_EQ(changes[0].op, "product.delete");
  EXPECT_EQ(changes[0].after, "");
  EXPECT_EQ(changes[1].op, "product.update");
}

TEST_P(StoreContract, AnAccountsHistoryBeginsWithItsConfirmation) {
  const auto waiting = given_pending("ada");
  EXPECT_EQ(store().read()->last_change_number(), 0);
  auto user = confirmed(waiting);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.update_user(act_, "user.confirm", user);
    tx.replace_recovery_codes(act_, user, {digest(1)});
    tx.spend_recovery_code(act_, user, digest(1));
    return true;
  });
  const auto changes = history(RecordKind::user, record_id(user.id));
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_EQ(changes[2].op, "user.confirm");
  EXPECT_EQ(changes[2].revision, 1);
  EXPECT_EQ(changes[2].after, R"({"id":")" + user.id.hex() +
                                  R"(","username":"ada","name":null,"role":"editor","state":"active",)"
                                  R"("factor":"active","created_at":"2027-01-15T08:00:00.000Z","version":1})");
  EXPECT_EQ(changes[2].account, user.id);
  EXPECT_EQ(changes[1].op, "user.recovery_codes");
  EXPECT_EQ(changes[0].op, "user.recovery_code_used");
  EXPECT_EQ(store().read()->user(user.id)->version, 3);
}

TEST_P(StoreContract, ASessionHasAStartAndAnEnd) {
  const auto ada = given_user("ada");
  const auto kept = session_of(ada), ended = session_of(ada), other = session_of(given_user("bob"));
  given([&](WriteTx& tx) -> Result<bool> {
    for (const auto& session : {kept, ended, other}) tx.start_session(act_, {.session = session});
    return true;
  });
  given([&](WriteTx& tx) -> Result<bool> {
    tx.end_sessions_of(act_, ada.id, kept.id);
    return true;
  });
  EXPECT_TRUE(store().session(kept.id));
  EXPECT_FALSE(store().session(ended.id));
  EXPECT_TRUE(store().session(other.id));
  const auto changes = history(RecordKind::session, record_id(ended.id));
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].op, "session.end");
  EXPECT_EQ(changes[0].revision, 2);
  EXPECT_EQ(changes[0].after, "");
  EXPECT_EQ(changes[0].account, ada.id);
  EXPECT_EQ(changes[1].op, "session.start");
  EXPECT_EQ(changes[1].account, ada.id);
  EXPECT_EQ(changes[1].after, R"({"id":")" + ended.id.hex() + R"(","user":")" + ada.id.hex() +
                                  R"(","amr":["pwd","otp"],"created_at":"2027-01-15T08:00:00.000Z",)"
                                  R"("expires_at":"2027-01-15T08:10:00.000Z"})");
  EXPECT_EQ(history(RecordKind::session, record_id(kept.id)).size(), 1U);
}

TEST_P(StoreContract, NumbersAreDenseAcrossUndoneWrites) {
  for (int i = 0; i < 10; ++i) {
    const auto made = product();
    (void)store().write([&](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product(act_, made));
      return i % 2 ? Result<bool>(Error{Code::internal}) : true;
    });
    EXPECT_EQ(store().read()->last_change_number(), i / 2 + 1);
  }
}

TEST_P(StoreContract, TimeNeverGoesBackWhenTheClockDoes) {
  const auto first = given_product();
  const auto before = clock_.now();
  clock_.move(-std::chrono::hours(2));
  const auto second = given_product();
  EXPECT_EQ(history(second)[0].at, before);
  open();
  Time seen;
  given([&](WriteTx& tx) -> Result<bool> {
    seen = tx.now();
    return true;
  });
  EXPECT_EQ(seen, before);
}

// The store's time stands still while the clock is behind it. If sessions expired by that time, ended ones would stay
// alive and alive ones would be removed.
TEST_P(StoreContract, SessionsExpireByTheClockAlsoWhenItWasSetBack) {
  const auto user = given_user("ada");
  clock_.move(-std::chrono::hours(2));
  const auto ended = session_of(user), alive = session_of(user);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = ended});
    tx.start_session(act_, {.session = alive});
    return true;
  });
  EXPECT_TRUE(*store().write([&](WriteTx& tx) -> Result<bool> { return tx.end_session(act_, ended.id); }));
  EXPECT_EQ(
      *store().write([&](WriteTx& tx) -> Result<std::size_t> { return tx.remove_expired_sessions(clock_.now(), 10); }),
      0U);
  EXPECT_FALSE(store().session(ended.id));
  EXPECT_TRUE(store().session(alive.id));
  given([&](WriteTx& tx) -> Result<bool> {
    tx.end_sessions_of(act_, user.id);
    return true;
  });
  EXPECT_FALSE(store().session(alive.id));
}

TEST_P(StoreContract, AStaleVersionIsRefusedAsAFault) {
  const auto first = given_product();
  auto second = first;
  given([&](WriteTx& tx) { return done(tx.update_product(act_, "product.update", first, second)); });
  const auto again =
      store().write([&](WriteTx& tx) { return done(tx.update_product(act_, "product.update", first, second)); });
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Code::internal);
  const auto removed = store().write([&](WriteTx& tx) { return done(tx.delete_product(act_, first)); });
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().code, Code::internal);
  EXPECT_EQ(stored(first), second);
}

TEST_P(StoreContract, SixteenIncrementsAreSixteenVersions) {
  const auto made = given_product();
  race([&](int) {
    return store()
        .write([&](WriteTx& tx) -> Result<bool> {
          const auto before = *tx.product(made.id);
          auto after = before;
          ++after.stock;
          return done(tx.update_product(act_, "product.update", before, after));
        })
        .has_value();
  });
  EXPECT_EQ(stored(made)->version, 17);
  EXPECT_EQ(stored(made)->stock, made.stock + 16);
  const auto changes = history(made);
  ASSERT_EQ(changes.size(), 17U);
  for (std::size_t i = 0; i < 17; ++i) EXPECT_EQ(changes[i].revision, 17 - static_cast<int>(i));
}

}  // namespace
}  // namespace integrity::store
