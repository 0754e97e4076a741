// Whether an account may store another response is checked with the writer lock, so its cost must not depend on their
// number.
#include "store/mongo/nodes_fixture.hpp"

namespace integrity::store::mongo {
namespace {

constexpr std::size_t kMax = 1500;
constexpr std::chrono::hours kLife{24};

class MongoStoredResponses : public MongoNodes {
 protected:
  static model::ResponseKey key(std::size_t number) {
    model::ResponseKey key{};
    key[0] = static_cast<std::uint8_t>(number >> 8);
    key[1] = static_cast<std::uint8_t>(number);
    return key;
  }
  bool keep(Store& store, std::size_t number, std::size_t max = kMax) {
    const auto kept = store.write([&](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.room_for_response(user_, max));
      INTEGRITY_CHECK(tx.store_response(user_, key(number), {.status = 201, .expires_at = tx.now() + kLife}, max));
      return true;
    });
    EXPECT_TRUE(kept.has_value() || kept.error().code == Code::too_many_attempts) << kept.error().cause;
    return kept.has_value();
  }
  // Index keys and documents that the server has examined, for all clients.
  static std::int64_t examined(Shell& shell) {
    const Doc status = shell.run(R"({"serverStatus": 1})");
    const auto metrics = View(status).take<Doc>("metrics");
    const auto executor = View(metrics).take<Doc>("queryExecutor");
    return View(executor).take<std::int64_t>("scanned") + View(executor).take<std::int64_t>("scannedObjects");
  }

  const UserId user_{{1}};
};

TEST_F(MongoStoredResponses, TheServerExaminesAFewOfThem) {
  const auto store = open();
  Shell shell(address_);
  for (std::size_t i = 0; i < kMax - 10; ++i) ASSERT_TRUE(keep(*store, i));
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < 5; ++i) {  // the least of five: other tests may use the same server
    const auto before = examined(shell);
    ASSERT_TRUE(keep(*store, kMax + i));
    least = std::min(least, examined(shell) - before);
  }
  EXPECT_LT(least, 100);
}

TEST_F(MongoStoredResponses, TheCountIsRightAfterSomeHaveExpiredOrWereRemoved) {
  const auto store = open();
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(keep(*store, i, 3));
    clock_.move(std::chrono::hours(1));
  }
  EXPECT_FALSE(keep(*store, 3, 3));
  clock_.move(kLife - std::chrono::hours(2));  // two of three
  EXPECT_TRUE(keep(*store, 0, 3)) << "one has expired";
  EXPECT_TRUE(keep(*store, 4, 3));
  EXPECT_FALSE(keep(*store, 5, 3));
  EXPECT_TRUE(store
                  ->write([&](WriteTx& tx) -> Result<bool> {
                    tx.remove_expired_responses(100);
                    return true;
                  })
                  .has_value());
  EXPECT_FALSE(keep(*store, 5, 3));
  clock_.move(kLife);
  for (std::size_t i = 6; i < 9; ++i) EXPECT_TRUE(keep(*store, i, 3)) << i;
  EXPECT_FALSE(keep(*store, 9, 3));
}

// As an older program or a migration writes them.
TEST_F(MongoStoredResponses, ResponsesWithoutNumbersCountToo) {
  const auto store = open();
  for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(keep(*store, i, 8));
  Shell shell(address_);
  shell.run(R"({"update": "kept_answers", "updates": [{"q": {}, "u": {"$unset": {"number": ""}}, "multi": true}]})");
  clock_.move(std::chrono::hours(1));
  for (std::size_t i = 4; i < 8; ++i) ASSERT_TRUE(keep(*store, i, 8)) << i;
  EXPECT_FALSE(keep(*store, 8, 8));
  clock_.move(kLife - std::chrono::minutes(30));  // the first four expire
  for (std::size_t i = 8; i < 12; ++i) ASSERT_TRUE(keep(*store, i, 8)) << i;
  EXPECT_FALSE(keep(*store, 12, 8));
}

}  // namespace
}  // namespace integrity::store::mongo
