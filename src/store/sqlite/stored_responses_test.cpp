// What the contract cannot see: how many rows an account has at most, and that nobody's have to be counted for it.
#include "store/sqlite/stored_responses.hpp"

#include <gtest/gtest.h>

#include "store/contract/store_contract.hpp"
#include "store/sqlite/schema.hpp"

namespace integrity::store::sqlite {
namespace {

struct KeptAnswersInMemory : testing::Test {
  static constexpr std::size_t kMax = 100;
  static constexpr std::chrono::hours kLife{24};

  KeptAnswersInMemory() { migrate(db); }
  static model::ResponseKey key(int number) {
    model::ResponseKey key{};
    key[0] = static_cast<std::uint8_t>(number);
    key[1] = static_cast<std::uint8_t>(number >> 8);
    return key;
  }
  bool keep(StoredResponses& answers, int number, Time now) {
    if (answers.full_until(ada, kMax, now)) return false;
    answers.keep(ada, key(number), {.status = 201, .expires_at = now + kLife}, now);
    return true;
  }
  std::int64_t rows() {
    auto row = db.query("SELECT count(*) FROM kept_answers");
    row.next();
    return row.take<std::int64_t>();
  }

  const TempFolder place;
  Database db{place.path() / "test.db", Database::Open::create};
  const UserId ada{};
  const Time begin{std::chrono::hours(1)};
};

// Whoever had kept as many as allowed had all of them looked at with every further request, by the one writer.
TEST_F(KeptAnswersInMemory, AnAccountNeverHasMoreRowsThanMayBeKept) {
  StoredResponses answers(db);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(keep(answers, i, begin + Millis(i)));
  EXPECT_EQ(answers.full_until(ada, kMax, begin + Millis(200)), begin + kLife) << "until the oldest expires";
  EXPECT_FALSE(keep(answers, 100, begin + kLife - Millis(1)));
  // No clean-up comes by: one goes for each that comes.
  for (int i = 0; i < 50; ++i) {
    const Time now = begin + kLife + Millis(i);
    ASSERT_TRUE(keep(answers, 100 + i, now)) << i;
    EXPECT_FALSE(keep(answers, 200, now)) << i;
    EXPECT_EQ(rows(), 100);
  }
  EXPECT_EQ(StoredResponses(db).full_until(ada, kMax, begin + kLife + Millis(49)), begin + kLife + Millis(50))
      << "and it is the same after a restart";
}

TEST_F(KeptAnswersInMemory, WhatWentForOneThatIsUndoneIsTheOldestAgain) {
  StoredResponses answers(db);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(keep(answers, i, begin + Millis(i)));
  answers.settle();
  const Time now = begin + kLife;
  db.execute("BEGIN");
  ASSERT_TRUE(keep(answers, 100, now));
  EXPECT_TRUE(answers.full_until(ada, kMax, now));
  db.execute("ROLLBACK");
  answers.undo_to(0);
  ASSERT_TRUE(keep(answers, 101, now));
  EXPECT_EQ(rows(), 100);
  EXPECT_EQ(answers.full_until(ada, kMax, now), now + Millis(1));
}

}  // namespace
}  // namespace integrity::store::sqlite
