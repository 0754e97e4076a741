// How the writer shares its time between sources, and that it survives without memory.
#include <future>

#include "store/contract/store_contract.hpp"
#include "store/mongo/error_map.hpp"
#include "store/mongo/mongo_store.hpp"
#include "store/mongo/test_databases.hpp"
#include "testing/no_memory.hpp"

namespace integrity::store::mongo {
namespace {

// Each write of a stranger costs a round trip. The owner must not wait until the last job of a group of strangers: the
// group is committed early, and the owner comes next.
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

// What a write throws is answered where nothing can be allocated. std::bad_alloc left the catch handlers, and so ended
// the process.
TEST(MongoWriter, WithoutMemoryItAnswersAndGoesOn) {
  if (test_server().empty()) GTEST_SKIP() << "INTEGRITY_TEST_MONGO_URI is not set";
  const ManualClock clock;
  const TempFolder place;
  const auto store = open_mongo({.uri = test_database(to_hex(as_bytes(place.path().filename().string()))),
                                 .clock = &clock,
                                 .text = plain_text,
                                 .time_limit = std::chrono::milliseconds(1)});
  const std::string what(100, 'x');  // too long to be kept without memory
  for (const auto& thrown :
       {std::make_exception_ptr(std::runtime_error(what)), std::make_exception_ptr(Broken(what)),
        std::make_exception_ptr(Closed(what, what)), std::make_exception_ptr(Trouble(Kind::away, what)),
        std::make_exception_ptr(Trouble(Kind::conflict, what)), std::make_exception_ptr(std::bad_alloc())}) {
    std::optional<test::NoMemory> no_memory;
    std::promise<Error> answer;
    const auto fails = [&](WriteTx& tx) -> Result<bool> {
      tx.now();
      if (!no_memory) no_memory.emplace();
      std::rethrow_exception(thrown);
    };
    store->submit(make_job<bool>({}, fails, [&](Result<bool> result) {
      no_memory.reset();
      answer.set_value(result ? Error{Code::bad_request} : std::move(result).error());
    }));
    const auto error = answer.get_future().get();
    EXPECT_EQ(error.code, Code::unavailable);
    EXPECT_EQ(error.cause, "out of memory");
    // A write that is queued before the writer has refused all waiting ones is refused too.
    const auto writes = [&] {
      return store->write([](WriteTx& tx) -> Result<bool> { return tx.now() > Time(); }).has_value();
    };
    int attempts = 0;
    while (!writes() && ++attempts < 100) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_LT(attempts, 100);
  }
}

}  // namespace
}  // namespace integrity::store::mongo
