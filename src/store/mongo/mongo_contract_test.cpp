#include <cstdlib>

#include "store/contract/check_contract.hpp"
#include "store/contract/find_changes_contract.hpp"
#include "store/contract/move_contract.hpp"
#include "store/contract/store_contract.hpp"
#include "store/mongo/check.hpp"
#include "store/mongo/handles.hpp"
#include "store/mongo/mongo_store.hpp"
#include "store/mongo/test_databases.hpp"

namespace integrity::store {
namespace {

std::string database_of(const std::filesystem::path& place) {
  return mongo::test_database(to_hex(as_bytes(place.filename().string())));
}

// None where there is no server for tests; MongoServer below reports that.
std::vector<EngineUnderTest> engines() {
  if (mongo::test_server().empty()) return {};
  return {
      {.name = "mongo",
       .open =
           [](const std::filesystem::path& place, const Clock& clock, const EngineOptions& options) {
             return mongo::open_mongo({.uri = database_of(place),
                                       .clock = &clock,
                                       .text = plain_text,
                                       .queue_max = options.queue_max,
                                       .time_limit = std::chrono::minutes(1),  // the machine may be busy
                                       .run_writes_twice = options.run_writes_twice});
           },
       .open_bulk =
           [](const std::filesystem::path& place) { return mongo::open_mongo_bulk(database_of(place), plain_text); },
       .open_check =
           [](const std::filesystem::path& place) { return mongo::open_mongo_check(database_of(place), plain_text); }}};
}

INSTANTIATE_TEST_SUITE_P(Mongo, StoreContract, testing::ValuesIn(engines()), engine_name);
INSTANTIATE_TEST_SUITE_P(Mongo, StoreMove, testing::ValuesIn(engines()), engine_name);
INSTANTIATE_TEST_SUITE_P(Mongo, StoreCheck, testing::ValuesIn(engines()), engine_name);
INSTANTIATE_TEST_SUITE_P(Mongo, FindChanges, testing::ValuesIn(engines()), engine_name);

TEST(MongoServer, IsThereToBeTestedWith) {
  if (mongo::test_server().empty()) {
    GTEST_SKIP()
        << "INTEGRITY_TEST_MONGO_URI is not set: no test of the MongoDB engine was run, the contract's included";
  }
}

}  // namespace
}  // namespace integrity::store
