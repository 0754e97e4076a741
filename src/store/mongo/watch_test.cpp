// What a node learns of its store without a query for each write: the database's clock, and that everything was moved.
#include "store/mongo/nodes_fixture.hpp"

namespace integrity::store::mongo {
namespace {

using std::chrono::steady_clock;

class MongoWatch : public MongoNodes {
 protected:
  std::unique_ptr<Store> open_strict() {
    clock_.move(SystemClock().now() - clock_.now());
    return open_mongo(
        {.uri = address_, .clock = &clock_, .text = plain_text, .clock_off_max = std::chrono::minutes(1)});
  }
  // Whether it becomes true. The node checks every few seconds.
  static bool soon(const std::function<bool()>& condition) {
    for (const auto end = steady_clock::now() + std::chrono::seconds(20); steady_clock::now() < end;) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }
  static bool reads(Store& store) {
    try {
      store.read()->products({});
      return true;
    } catch (const Unavailable&) {
      return false;
    }
  }
};

TEST_F(MongoWatch, ANodeWhoseClockIsWrongReadsButWritesNothing) {
  const auto store = open_strict();
  ASSERT_TRUE(create(*store, product(1)).has_value());
  for (const auto off : {std::chrono::hours(48), std::chrono::hours(-48)}) {
    clock_.move(off);
    const auto refused = create(*store, product(2));
    ASSERT_FALSE(refused.has_value()) << "from the time on when the clock was set";
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_TRUE(refused.error().retry_after);
    EXPECT_NE(refused.error().detail.find(off.count() > 0 ? "s ahead of the database's" : "s behind the database's"),
              std::string::npos)
        << refused.error().detail;
    EXPECT_TRUE(store->read()->product(product(1).id)) << "reading goes on";
    clock_.move(-off);
    EXPECT_TRUE(
        soon([&] { return create(*store, product(static_cast<std::uint16_t>(off.count() + 100))).has_value(); }));
  }
  EXPECT_LT(store->read()->changes(model::RecordKind::product, record_id(product(1).id), {}, 1).at(0).at,
            clock_.now() + std::chrono::hours(1));
}

TEST_F(MongoWatch, AClockThatIsAFewSecondsOffWrites) {
  const auto store = open_strict();
  clock_.move(std::chrono::seconds(30));
  EXPECT_TRUE(create(*store, product(1)).has_value());
}

TEST_F(MongoWatch, ANodeLeftOnAStoreThatWasMovedAwayReadsNothing) {
  const auto store = open();
  ASSERT_TRUE(create(*store, product(1)).has_value());
  const auto bulk = open_mongo_bulk(address_, plain_text);
  ASSERT_FALSE(bulk->migration_state());
  MigrationState state{.move = "a", .other = "elsewhere", .at = clock_.now()};
  bulk->set_migration_state(state);
  EXPECT_TRUE(reads(*store)) << "until the migration is complete, nothing is missing here";
  state.complete = true;
  bulk->set_migration_state(state);
  EXPECT_TRUE(soon([&] { return !reads(*store); }));
  EXPECT_THROW(store->session(SessionId{}), Unavailable);
  EXPECT_THROW(store->read()->last_change_number(), Unavailable);
  bulk->set_migration_state({});
  EXPECT_TRUE(soon([&] { return reads(*store); }));
}

TEST_F(MongoWatch, WithoutItsHeadDocumentAStoreIsReadButNotWritten) {
  auto store = open();
  ASSERT_TRUE(create(*store, product(1)).has_value());
  Shell shell(address_);
  const auto head = shell.connection().first(in::meta, Doc("_id", "head")).value();
  shell.run(R"({"delete": "meta", "deletes": [{"q": {"_id": "head"}, "limit": 1}]})");
  const auto refused = create(*store, product(2));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_NE(refused.error().cause.find("docs/cluster.md"), std::string::npos) << refused.error().cause;
  EXPECT_THROW(store->read()->last_change_number(), Unavailable);
  EXPECT_EQ(store->read()->products({}).products.size(), 1U);
  store.reset();
  EXPECT_NE(refusal(address_).find("lost its head document"), std::string::npos)
      << "no head document with number 0 is made";
  shell.connection().send(in::meta, {{Write::How::insert, {}, head}});
  store = open();
  EXPECT_TRUE(create(*store, product(2)).has_value());
  EXPECT_EQ(store->read()->last_change_number(), 2);
}

}  // namespace
}  // namespace integrity::store::mongo
