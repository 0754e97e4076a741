#include "store/contract/check_contract.hpp"
#include "store/contract/find_changes_contract.hpp"
#include "store/contract/move_contract.hpp"
#include "store/contract/store_contract.hpp"
#include "store/sqlite/check.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::store {
namespace {

const EngineUnderTest kEngine{
    .name = "sqlite",
    .open =
        [](const std::filesystem::path& folder, const Clock& clock, const EngineOptions& options) {
          return sqlite::open_sqlite({.file = folder / "integrity.db",
                                      .clock = &clock,
                                      .text = plain_text,
                                      .queue_max = options.queue_max,
                                      .run_writes_twice = options.run_writes_twice});
        },
    .open_bulk =
        [](const std::filesystem::path& folder) {
          return sqlite::open_sqlite_bulk(folder / "integrity.db", plain_text);
        },
    .open_check =
        [](const std::filesystem::path& folder) {
          return sqlite::open_sqlite_check(folder / "integrity.db", plain_text);
        }};

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, testing::Values(kEngine), engine_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreMove, testing::Values(kEngine), engine_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreCheck, testing::Values(kEngine), engine_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, FindChanges, testing::Values(kEngine), engine_name);

}  // namespace
}  // namespace integrity::store
