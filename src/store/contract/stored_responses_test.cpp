// A response is stored with the change that it reports, or not at all; a request that is sent again finds it by its
// key.
#include <future>

#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

constexpr std::chrono::hours kLife{24};
constexpr std::size_t kMany = 10'000;

model::ResponseKey key(int number) {
  model::ResponseKey key{};
  for (std::size_t i = 0; i < 4; ++i) key[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return key;
}

model::StoredResponse response(WriteTx& tx, std::string body = "{}") {
  model::StoredResponse response{.status = 201, .headers = "ETag: \"1\"\r\n", .body = std::move(body)};
  response.request.fill(7);
  response.expires_at = tx.now() + kLife;
  return response;
}

std::optional<model::StoredResponse> found(Store& store, const UserId& user, const model::ResponseKey& key) {
  using Found = std::optional<model::StoredResponse>;
  return *store.write([&](WriteTx& tx) -> Result<Found> { return tx.stored_response(user, key); });
}

Result<bool> save(Store& store, const UserId& user, const model::ResponseKey& key, std::size_t stored_max = kMany) {
  return store.write([&](WriteTx& tx) -> Result<bool> {
    INTEGRITY_CHECK(tx.store_response(user, key, response(tx), stored_max));
    return true;
  });
}

std::size_t clean_up(Store& store, std::size_t limit) {
  return *store.write([&](WriteTx& tx) -> Result<std::size_t> { return tx.remove_expired_responses(limit); });
}

TEST_P(StoreContract, AResponseIsFoundByUserAndKey) {
  const auto ada = given_user("ada"), bob = given_user("bob");
  model::StoredResponse kept;
  given([&](WriteTx& tx) -> Result<bool> {
    kept = response(tx, "{\"name\":\"L\xc3\xa4mp\"}");
    return done(tx.store_response(ada.id, key(1), kept, kMany));
  });
  EXPECT_EQ(found(store(), ada.id, key(1)), kept);
  EXPECT_FALSE(found(store(), ada.id, key(2)));
  EXPECT_FALSE(found(store(), bob.id, key(1)));
  EXPECT_TRUE(save(store(), bob.id, key(1)).has_value());
}

TEST_P(StoreContract, AResponseMayHaveNeitherHeadersNorBody) {
  const auto ada = given_user("ada");
  model::StoredResponse kept{.status = 204, .expires_at = clock_.now() + kLife};
  given([&](WriteTx& tx) { return done(tx.store_response(ada.id, key(1), kept, kMany)); });
  open();
  EXPECT_EQ(found(store(), ada.id, key(1)), kept);
}

TEST_P(StoreContract, OneOfSixteenChangesSomethingUnderOneKey) {
  const auto ada = given_user("ada");
  std::vector<model::Product> products;
  for (int i = 0; i < 16; ++i) products.push_back(product());
  EXPECT_EQ(race([&](int i) {
              return *store().write([&](WriteTx& tx) -> Result<bool> {
                if (tx.stored_response(ada.id, key(1))) return false;
                INTEGRITY_CHECK(tx.create_product(act_, products[static_cast<std::size_t>(i)]));
                INTEGRITY_CHECK(tx.store_response(ada.id, key(1), response(tx), kMany));
                return true;
              });
            }),
            1);
  EXPECT_EQ(store().read()->products({}).products.size(), 1U);
}

TEST_P(StoreContract, AWriteThatIsRunTwiceStoresOneResponse) {
  open({.run_writes_twice = true});
  const auto ada = given_user("ada");
  const auto made = product();
  const auto change = [&](WriteTx& tx) -> Result<bool> {
    if (tx.stored_response(ada.id, key(1))) return false;
    INTEGRITY_CHECK(tx.create_product(act_, made));
    INTEGRITY_CHECK(tx.store_response(ada.id, key(1), response(tx), kMany));
    return true;
  };
  EXPECT_TRUE(*store().write(change));
  EXPECT_FALSE(*store().write(change));
  EXPECT_EQ(history(made).size(), 1U);
}

TEST_P(StoreContract, AWriteThatIsUndoneStoresNoResponseAndTakesNoRoom) {
  const auto ada = given_user("ada");
  const auto undone = [&](bool by_throwing) {
    return store().write([&, by_throwing](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.store_response(ada.id, key(1), response(tx), 1));
      if (by_throwing) throw std::runtime_error("a bug");
      return Error{Code::insufficient_stock};
    });
  };
  for (const bool by_throwing : {false, true}) {
    EXPECT_FALSE(undone(by_throwing).has_value());
    EXPECT_FALSE(found(store(), ada.id, key(1)));
  }
  EXPECT_TRUE(save(store(), ada.id, key(2), 1).has_value());
}

// Jobs that are submitted together share a commit where the engine groups them; only those that are undone lose their
// responses.
TEST_P(StoreContract, NeighboursOfAnUndoneWriteKeepTheirResponses) {
  constexpr int writes = 100;
  const auto ada = given_user("ada");
  std::vector<std::future<bool>> answers;
  for (int i = 0; i < writes; ++i) {
    auto promise = std::make_shared<std::promise<bool>>();
    answers.push_back(promise->get_future());
    auto run = [&, i](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.store_response(ada.id, key(i), response(tx), kMany));
      if (i % 5 == 1) return Error{Code::insufficient_stock};
      if (i % 5 == 3) throw std::runtime_error("a bug");
      return true;
    };
    auto tell = [promise](const Result<bool>& r) { promise->set_value(r.has_value()); };
    store().submit(make_job<bool>({}, run, tell));
  }
  const auto expect_as_answered = [&](int i, bool stayed) {
    EXPECT_EQ(stayed, i % 5 != 1 && i % 5 != 3) << i;
    EXPECT_EQ(found(store(), ada.id, key(i)).has_value(), stayed) << i;
  };
  for (int i = 0; i < writes; ++i) expect_as_answered(i, answers[static_cast<std::size_t>(i)].get());
  open();
  for (int i = 0; i < writes; ++i) expect_as_answered(i, i % 5 != 1 && i % 5 != 3);
}

TEST_P(StoreContract, StoredResponsesAreThereAfterReopening) {
  const auto ada = given_user("ada");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(save(store(), ada.id, key(i), 3).has_value());
  const auto before = found(store(), ada.id, key(1));
  open();
  EXPECT_EQ(found(store(), ada.id, key(1)), before);
  EXPECT_EQ(save(store(), ada.id, key(4), 3).error().code, Code::too_many_attempts);
  EXPECT_TRUE(save(store(), ada.id, key(4), 4).has_value());
}

TEST_P(StoreContract, AResponseExpiresAndItsKeyIsFreeBeforeTheCleanUp) {
  const auto ada = given_user("ada");
  ASSERT_TRUE(save(store(), ada.id, key(1)).has_value());
  clock_.move(kLife - Millis(1));
  EXPECT_TRUE(found(store(), ada.id, key(1)));
  EXPECT_EQ(clean_up(store(), 10), 0U);
  clock_.move(Millis(1));
  EXPECT_FALSE(found(store(), ada.id, key(1)));
  ASSERT_TRUE(save(store(), ada.id, key(1)).has_value());
  EXPECT_EQ(clean_up(store(), 10), 0U) << "the new one is alive";
  EXPECT_TRUE(found(store(), ada.id, key(1)));
}

TEST_P(StoreContract, ExpiredResponsesTakeNoRoomBeforeTheCleanUp) {
  const auto ada = given_user("ada");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(save(store(), ada.id, key(i), 3).has_value());
  clock_.move(kLife);
  for (int i = 3; i < 6; ++i) ASSERT_TRUE(save(store(), ada.id, key(i), 3).has_value()) << i;
  EXPECT_EQ(save(store(), ada.id, key(6), 3).error().code, Code::too_many_attempts);
  for (int i = 3; i < 6; ++i) EXPECT_TRUE(found(store(), ada.id, key(i))) << i;
  open();
  EXPECT_EQ(save(store(), ada.id, key(6), 3).error().code, Code::too_many_attempts);
}

// A response must not be removed early, whether a clock that was ahead is corrected or a clock is set back.
TEST_P(StoreContract, AResponseStaysWhenTheClockIsSetBack) {
  const auto ada = given_user("ada");
  ASSERT_TRUE(save(store(), ada.id, key(1)).has_value());
  clock_.move(-std::chrono::hours(1));
  EXPECT_TRUE(found(store(), ada.id, key(1)));
  ASSERT_TRUE(save(store(), ada.id, key(2)).has_value());
  clock_.move(kLife + std::chrono::minutes(59));
  EXPECT_TRUE(found(store(), ada.id, key(1)));
  clock_.move(std::chrono::minutes(1));
  EXPECT_EQ(clean_up(store(), 10), 2U);
}

// The store's time stands still for as long as the clock was ahead. If responses expired by it, none would for a year,
// and an account that had stored the maximum would be refused for that long.
TEST_P(StoreContract, ResponsesFromAClockThatWasAheadExpireADayAfterItsCorrection) {
  constexpr std::chrono::hours kYear{365 * 24};
  const auto ada = given_user("ada");
  clock_.move(kYear);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(save(store(), ada.id, key(i), 3).has_value());
  given_product();  // a change, whose time the store remembers
  clock_.move(-kYear);
  EXPECT_EQ(clean_up(store(), 2), 0U) << "none is removed early: a change could happen twice";
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(found(store(), ada.id, key(i))) << i;
  open();
  clock_.move(kLife - Millis(1));
  EXPECT_TRUE(found(store(), ada.id, key(1)));
  EXPECT_EQ(save(store(), ada.id, key(3), 3).error().code, Code::too_many_attempts);
  clock_.move(Millis(1));
  EXPECT_FALSE(found(store(), ada.id, key(1)));
  model::StoredResponse now{.status = 204, .expires_at = clock_.now() + kLife};
  given([&](WriteTx& tx) { return done(tx.store_response(ada.id, key(3), now, 3)); });
  EXPECT_GE(clean_up(store(), 10), 2U) << "an engine may have replaced the third one by the new one";
  EXPECT_TRUE(found(store(), ada.id, key(3)));
}

TEST_P(StoreContract, AShorteningThatIsUndoneIsRepeated) {
  const auto ada = given_user("ada");
  clock_.move(std::chrono::hours(48));
  ASSERT_TRUE(save(store(), ada.id, key(1)).has_value());
  clock_.move(-std::chrono::hours(48));
  EXPECT_FALSE(store()
                   .write([](WriteTx& tx) -> Result<bool> {
                     EXPECT_EQ(tx.remove_expired_responses(10), 0U);
                     return Error{Code::insufficient_stock};
                   })
                   .has_value());
  clock_.move(std::chrono::hours(1));
  EXPECT_EQ(clean_up(store(), 10), 0U);
  clock_.move(kLife);
  EXPECT_FALSE(found(store(), ada.id, key(1)));
}

TEST_P(StoreContract, ExpiredResponsesAreRemovedInBatchesTheOldestFirst) {
  const auto ada = given_user("ada"), bob = given_user("bob");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(save(store(), ada.id, key(i)).has_value());
  ASSERT_TRUE(save(store(), bob.id, key(0)).has_value());
  clock_.move(std::chrono::hours(1));
  ASSERT_TRUE(save(store(), ada.id, key(3)).has_value());
  clock_.move(kLife - std::chrono::hours(1));
  EXPECT_EQ(clean_up(store(), 3), 3U);
  EXPECT_EQ(clean_up(store(), 3), 1U);
  EXPECT_EQ(clean_up(store(), 3), 0U);
  EXPECT_TRUE(found(store(), ada.id, key(3)));
  open();
  EXPECT_TRUE(found(store(), ada.id, key(3)));
  clock_.move(std::chrono::hours(1));
  EXPECT_EQ(clean_up(store(), 3), 1U);
}

TEST_P(StoreContract, ACleanUpThatIsUndoneRemovesNothing) {
  const auto ada = given_user("ada");
  ASSERT_TRUE(save(store(), ada.id, key(1)).has_value());
  clock_.move(kLife);
  EXPECT_FALSE(store()
                   .write([](WriteTx& tx) -> Result<bool> {
                     EXPECT_EQ(tx.remove_expired_responses(10), 1U);
                     return Error{Code::insufficient_stock};
                   })
                   .has_value());
  EXPECT_EQ(clean_up(store(), 10), 1U);
}

TEST_P(StoreContract, SixteenStoreNoMoreThanTheMaximum) {
  const auto ada = given_user("ada");
  EXPECT_EQ(race([&](int i) { return save(store(), ada.id, key(i), 5).has_value(); }), 5);
}

TEST_P(StoreContract, TheRefusalSaysWhenTheOldestExpires) {
  const auto ada = given_user("ada"), bob = given_user("bob");
  ASSERT_TRUE(save(store(), ada.id, key(1), 2).has_value());
  clock_.move(std::chrono::hours(1));
  ASSERT_TRUE(save(store(), ada.id, key(2), 2).has_value());
  clock_.move(std::chrono::hours(1));
  const auto refused = save(store(), ada.id, key(3), 2);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::too_many_attempts);
  EXPECT_EQ(refused.error().retry_after, kLife - std::chrono::hours(2));
  const auto asked = store().write([&](WriteTx& tx) { return done(tx.room_for_response(ada.id, 2)); });
  EXPECT_EQ(asked.error().retry_after, refused.error().retry_after);
  EXPECT_TRUE(save(store(), bob.id, key(1), 2).has_value()) << "each account has its own room";

  clock_.move(*refused.error().retry_after);  // a client that waits is not refused again, cleaned up or not
  EXPECT_TRUE(save(store(), ada.id, key(3), 2).has_value());
  EXPECT_EQ(save(store(), ada.id, key(4), 2).error().retry_after, std::chrono::hours(1));
}

TEST_P(StoreContract, StoringUnderATakenKeyIsAFault) {
  const auto ada = given_user("ada");
  ASSERT_TRUE(save(store(), ada.id, key(1)).has_value());
  EXPECT_EQ(save(store(), ada.id, key(1)).error().code, Code::internal);
}

}  // namespace
}  // namespace integrity::store
