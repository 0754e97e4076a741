// How the writer shares its time between sources.
#include <future>

#include "store/contract/store_contract.hpp"
#include "store/mongo/mongo_store.hpp"
#include "store/mongo/test_databases.hpp"

namespace integrity::store::mongo {
namespace {

// What strangers may send costs a round trip each. A group of theirs that has begun must not keep the owner waiting until
// its last job: it is committed where it is, and the owner comes next.
TEST(MongoWriter, AGroupThatTakesLongGivesWayToAnotherSource) {
  if (test_server().empty()) GTEST_SKIP() << "INTEGRITY_TEST_MONGO_URI is not set";
  constexpr int writes = 100;
  const ManualClock clock;
  const TempFolder place;
  const auto store = open_mongo(
      {.uri = test_database(to_hex(as_bytes(place.path().filename().string()))), .clock = &clock, .text = plain_text});
  std::atomic<int> answered = 0;
  std::promise<void> begun;
  std::promise<int> answered_before_owner;
  {
    std::atomic<bool> first = true;
    const auto slow = [&](WriteTx& tx) -> Result<bool> {
      const Time now = tx.now();
      if (first.exchange(false)) begun.set_value();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      return now > Time();
    };
    const auto quick = [](WriteTx& tx) -> Result<bool> { return tx.now() > Time(); };
    for (int i = 0; i < writes; ++i) {
      store->submit(make_job<bool>({.source = "stranger"}, slow, [&](const Result<bool>&) { ++answered; }));
    }
    begun.get_future().wait();
    store->submit(make_job<bool>({.source = "owner"}, quick,
                                 [&](const Result<bool>&) { answered_before_owner.set_value(answered); }));
    EXPECT_LT(answered_before_owner.get_future().get(), writes / 2);
    while (answered < writes) std::this_thread::yield();
  }
}

}  // namespace
}  // namespace integrity::store::mongo
