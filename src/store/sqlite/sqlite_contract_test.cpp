#include "store/contract/store_contract.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::store {
namespace {

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract,
                         testing::Values(EngineUnderTest{.name = "sqlite",
                                                         .open =
                                                             [](const std::filesystem::path& place, const Clock& clock,
                                                                const EngineOptions& options) {
                                                               return sqlite::open_sqlite(
                                                                   {.file = place / "integrity.db",
                                                                    .clock = &clock,
                                                                    .text = plain_text,
                                                                    .queue_max = options.queue_max,
                                                                    .run_writes_twice = options.run_writes_twice});
                                                             }}),
                         engine_name);

}  // namespace
}  // namespace integrity::store
