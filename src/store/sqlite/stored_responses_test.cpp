// What the contract tests cannot see: how many rows an account has at most.
#include "store/sqlite/stored_responses.hpp"

#include <gtest/gtest.h>

#include "store/contract/store_contract.hpp"
#include "store/sqlite/schema.hpp"
#include "testing/no_memory.hpp"

namespace integrity::store::sqlite {
namespace {

struct StoredResponsesInMemory : testing::Test {
  static constexpr std::size_t kMax = 100;
  static constexpr std::chrono::hours kLife{24};

  StoredResponsesInMemory() { migrate(db); }
  static model::ResponseKey key(int number) {
    model::ResponseKey key{};
    key[0] = static_cast<std::uint8_t>(number);
    key[1] = static_cast<std::uint8_t>(number >> 8);
    return key;
  }
  bool keep(StoredResponses& responses, int number, Time now) {
    if (responses.full_until(ada, kMax, now)) return false;
    responses.keep(ada, key(number), {.status = 201, .expires_at = now + kLife}, now);
    return true;
  }
  std::int64_t rows() {
    auto row = db.query("SELECT count(*) FROM kept_answers");
    row.next();
    return row.take<std::int64_t>();
  }

  const TempFolder folder;
  Database db{folder.path() / "test.db", Database::Open::create};
  const UserId ada{};
  const Time begin{std::chrono::hours(1)};
};

// Once an account had as many as allowed, each further request made the only writer read all of them.
TEST_F(StoredResponsesInMemory, AnAccountNeverHasMoreRowsThanAllowed) {
  StoredResponses responses(db);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(keep(responses, i, begin + Millis(i)));
  EXPECT_EQ(responses.full_until(ada, kMax, begin + Millis(200)), begin + kLife) << "until the oldest expires";
  EXPECT_FALSE(keep(responses, 100, begin + kLife - Millis(1)));
  // No clean-up runs: one is removed for each that is added.
  for (int i = 0; i < 50; ++i) {
    const Time now = begin + kLife + Millis(i);
    ASSERT_TRUE(keep(responses, 100 + i, now)) << i;
    EXPECT_FALSE(keep(responses, 200, now)) << i;
    EXPECT_EQ(rows(), 100);
  }
  EXPECT_EQ(StoredResponses(db).full_until(ada, kMax, begin + kLife + Millis(49)), begin + kLife + Millis(50))
      << "it is the same after a restart";
}

TEST_F(StoredResponsesInMemory, UndoBringsBackTheOldestThatWasRemoved) {
  StoredResponses responses(db);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(keep(responses, i, begin + Millis(i)));
  responses.settle();
  const Time now = begin + kLife;
  db.execute("BEGIN");
  ASSERT_TRUE(keep(responses, 100, now));
  EXPECT_TRUE(responses.full_until(ada, kMax, now));
  db.execute("ROLLBACK");
  responses.undo_to(0);
  ASSERT_TRUE(keep(responses, 101, now));
  EXPECT_EQ(rows(), 100);
  EXPECT_EQ(responses.full_until(ada, kMax, now), now + Millis(1));
}

// The writer undoes a group in a catch handler.
TEST_F(StoredResponsesInMemory, UndoTakesNoMemory) {
  StoredResponses responses(db);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(keep(responses, i, begin + Millis(i)));
  responses.settle();
  const Time later = begin + kLife + Millis(50);
  ASSERT_EQ(responses.remove_expired(later, 40), 40U);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(keep(responses, 100 + i, later));
  ASSERT_TRUE(keep(responses, 45, later)) << "a key used again";
  {
    const test::NoMemory no_memory;
    responses.undo_to(0);
  }
  EXPECT_EQ(responses.full_until(ada, kMax, begin + Millis(200)), begin + kLife) << "all hundred are back";
  responses.settle();
  ASSERT_EQ(responses.mark(), 0U);
}

}  // namespace
}  // namespace integrity::store::sqlite
