// What an engine counts of itself.
#include <future>
#include <numeric>

#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

constexpr auto kProduct = static_cast<std::size_t>(model::RecordKind::product);

std::uint64_t changes_counted(const Store& store) {
  return std::accumulate(store.meters.changes.begin(), store.meters.changes.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Tally& each) { return sum + each.value(); });
}

std::uint64_t count_of(const Distribution& values) {
  return std::accumulate(values.counts.begin(), values.counts.end(), std::uint64_t{0});
}

TEST_P(StoreContract, AChangeIsCountedWhenItIsCommittedAndOnce) {
  for (const bool twice : {false, true}) {
    open({.run_writes_twice = twice});
    const auto before = store().read()->last_change_number();
    given_product();
    EXPECT_EQ(store().meters.changes[kProduct].value(), 1U);
    const auto refused = store().write([&](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product(act_, product()));
      return Error{Code::insufficient_stock};
    });
    EXPECT_FALSE(refused.has_value());
    EXPECT_EQ(store().meters.changes[kProduct].value(), 1U);
    const auto user = given_user(twice ? "grace" : "ada");
    given([&](WriteTx& tx) -> Result<bool> {
      tx.start_session(act_, {.session = session_of(user)});
      return true;
    });
    EXPECT_EQ(changes_counted(store()), static_cast<std::uint64_t>(store().read()->last_change_number() - before));
    EXPECT_EQ(store().meters.errors.value(), 0U);
  }
}

// Neighbours in a group, some of which are undone.
TEST_P(StoreContract, ChangesOfAGroupAreCountedWithoutThoseThatWereUndone) {
  const auto before = store().read()->last_change_number();
  std::vector<std::promise<bool>> ended(20);
  std::vector<model::Product> made;
  for (std::size_t i = 0; i < ended.size(); ++i) made.push_back(product());
  for (std::size_t i = 0; i < ended.size(); ++i) {
    store().submit(make_job<bool>(
        Origin(),
        [&, i](WriteTx& tx) -> Result<bool> {
          INTEGRITY_CHECK(tx.create_product(act_, made[i]));
          if (i % 4 == 0) return Error{Code::insufficient_stock};
          return true;
        },
        [&, i](const Result<bool>& result) { ended[i].set_value(result.has_value()); }));
  }
  std::uint64_t kept = 0;
  for (auto& each : ended) {
    if (each.get_future().get()) ++kept;
  }
  EXPECT_EQ(kept, 15U);
  EXPECT_EQ(changes_counted(store()), kept);
  EXPECT_EQ(static_cast<std::uint64_t>(store().read()->last_change_number() - before), kept);
}

TEST_P(StoreContract, GroupsAndCommitsAreMeasured) {
  given_product();
  given_product();
  const Distribution groups = store().meters.group_sizes.value();
  EXPECT_EQ(count_of(groups), count_of(store().meters.commit_times.value()));
  EXPECT_GE(groups.sum, 2U);
  EXPECT_GT(store().meters.commit_times.value().sum, 0U);
  const Figures figures = store().figures();
  EXPECT_EQ(figures.write_queue, 0U);
  EXPECT_GT(figures.database_bytes, 0U);
}

}  // namespace
}  // namespace integrity::store
