// A migration takes everything from one engine to another and loses nothing, wherever it is interrupted.
#include "store/contract/move_contract.hpp"

namespace integrity::store {
namespace {

TEST_P(StoreMove, EverythingMovesToAnotherEngineAndBack) {
  fill();
  const auto before = all_of(store());
  const auto number = store().read()->last_change_number();
  close();
  const OtherStore other;
  const Watermark watermark = open_bulk()->watermark();
  ASSERT_TRUE(move_all(*open_bulk(), *other.open_bulk()).has_value());
  EXPECT_EQ(other.open_bulk()->watermark(), watermark);
  EXPECT_EQ(all_of(*other.open(clock_)), before);

  const TempFolder back;
  ASSERT_TRUE(move_all(*other.open_bulk(), *GetParam().open_bulk(back.path())).has_value());
  const auto there = GetParam().open(back.path(), clock_, {});
  EXPECT_EQ(all_of(*there), before);
  expect_to_go_on(*there, number);
}

TEST_P(StoreMove, TimesAndSequenceNumbersContinueAfterThoseOfDeletedProducts) {
  clock_.move(std::chrono::hours(1));
  const auto first = given_product("First"), last = given_product("Last");
  const auto end = store().read()->products({.limit = 1}).next;  // after the first
  given([&](WriteTx& tx) { return done(tx.delete_product(act_, last)); });
  close();
  clock_.move(-std::chrono::hours(1));  // a clock that was set back
  const OtherStore other;
  ASSERT_TRUE(move_all(*open_bulk(), *other.open_bulk()).has_value());
  const auto there = other.open(clock_);
  auto next = product("Next");
  ASSERT_TRUE(there
                  ->write([&](WriteTx& tx) {
                    EXPECT_EQ(tx.now(), first.created_at);
                    next.created_at = next.updated_at = tx.now();
                    return done(tx.create_product(act_, next));
                  })
                  .has_value());
  const auto page = there->read()->products({.after = end, .limit = 1});
  ASSERT_EQ(page.products.size(), 1U);
  EXPECT_EQ(page.products[0].id, next.id);
  EXPECT_EQ(there->read()->last_change_number(), 4);
}

TEST_P(StoreMove, AfterAnyInterruptionItContinues) {
  fill();
  const auto before = all_of(store());
  close();
  const OtherStore from;
  ASSERT_TRUE(move_all(*open_bulk(), *from.open_bulk()).has_value());
  for (int fails_at = 1;; ++fails_at) {
    SCOPED_TRACE(fails_at);
    const TempFolder to;
    const auto source = from.open_bulk(), target = GetParam().open_bulk(to.path());
    int left = fails_at;
    Interrupted failing_source(*source, left), failing_target(*target, left);
    bool interrupted = false;
    try {
      ASSERT_TRUE(move_all(failing_source, failing_target).has_value());
    } catch (const Unavailable&) {
      interrupted = true;
      if (target->migration_state()) {
        EXPECT_THROW(GetParam().open(to.path(), clock_, {}), Unavailable);
      }
      const auto again = move_all(*source, *target);
      ASSERT_TRUE(again.has_value()) << again.error().detail;
      EXPECT_FALSE(again->before);
    }
    EXPECT_TRUE(move_all(*source, *target)->before);
    EXPECT_EQ(all_of(*GetParam().open(to.path(), clock_, {})), before);
    ASSERT_TRUE(unseal(*source, true).has_value());
    if (!interrupted) {
      EXPECT_GT(fails_at, 14) << "one for each kind of row, and the migration states";
      return;
    }
  }
}

TEST_P(StoreMove, ARefusedMigrationChangesNothing) {
  const TempFolder empty;
  const OtherStore other;
  EXPECT_NE(refusal(*open_bulk(), *other.open_bulk()).find("there is nothing in it"), std::string::npos);
  given_product();
  close();
  const auto used = other.open(clock_)->write([&](WriteTx& tx) -> Result<bool> {
    tx.set_key_fingerprint("a.key", digest(1));
    return true;
  });
  ASSERT_TRUE(used.has_value());
  EXPECT_NE(refusal(*open_bulk(), *other.open_bulk()).find("is not empty"), std::string::npos);
  EXPECT_NE(refusal(*other.open_bulk(), *open_bulk()).find("is not empty"), std::string::npos);
  EXPECT_NE(refusal(*open_bulk(), *open_bulk()).find("one store"), std::string::npos);
  EXPECT_NE(refusal(*GetParam().open_bulk(empty.path()), *other.open_bulk()).find("nothing in it"), std::string::npos);
  EXPECT_EQ(unseal(*open_bulk(), true).error().detail, open_bulk()->address() + ": is not sealed");
  EXPECT_EQ(refusal_to_open(), "opened");
  given_product();
  other.open(clock_);
}

TEST_P(StoreMove, StoresOfOneMigrationAreRefusedToOthers) {
  fill();
  close();
  const TempFolder elsewhere;
  const OtherStore other, third;
  int left = 8;  // the rows of the first kinds have been written
  const auto source = open_bulk(), target = other.open_bulk();
  Interrupted failing(*target, left);
  EXPECT_THROW(static_cast<void>(move_all(*source, failing)), Unavailable);
  EXPECT_NE(refusal(*open_bulk(), *third.open_bulk()).find("it is being moved to " + target->address()),
            std::string::npos);
  EXPECT_NE(refusal(*other.open_bulk(), *third.open_bulk()).find("a migration into this store is not finished"),
            std::string::npos);
  EXPECT_NE(refusal_to_open().find("it is being moved to " + target->address()), std::string::npos);
  EXPECT_THROW(other.open(clock_), Unavailable);

  ASSERT_TRUE(unseal(*open_bulk(), false).has_value());
  EXPECT_NE(refusal(*open_bulk(), *other.open_bulk()).find("a part of another migration"), std::string::npos);
  EXPECT_EQ(refusal_to_open(), "opened");
  given_product("Written since");
  close();
  EXPECT_EQ(refusal(*open_bulk(), *third.open_bulk()), "moved");
  EXPECT_NE(refusal_to_open().find("was moved to " + third.open_bulk()->address()), std::string::npos);
  EXPECT_NE(refusal(*open_bulk(), *GetParam().open_bulk(elsewhere.path())).find("was moved to"), std::string::npos);
}

TEST_P(StoreMove, AFinishedSourceIsOpenedAgainOnlyOnRequest) {
  given_product();
  close();
  const OtherStore other;
  ASSERT_TRUE(move_all(*open_bulk(), *other.open_bulk()).has_value());
  EXPECT_NE(unseal(*open_bulk(), false).error().detail.find("what was written there since is not here"),
            std::string::npos);
  EXPECT_NE(refusal_to_open().find("was moved to"), std::string::npos);
  ASSERT_TRUE(unseal(*open_bulk(), true).has_value());
  EXPECT_EQ(refusal_to_open(), "opened");
}

}  // namespace
}  // namespace integrity::store
