// Pages follow one another without repeating or losing a record.
#include <algorithm>

#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

model::ProductPosition position(const model::Product& product) {
  return {product.created_at, product.id};
}

TEST_P(StoreContract, PagesNeitherRepeatNorLoseWhereTimesAreEqual) {
  std::vector<model::Product> all;
  for (int i = 0; i < 23; ++i) {
    if (i % 9 == 8) clock_.move(Millis(1));
    all.push_back(product());
  }
  auto shuffled = all;
  std::reverse(shuffled.begin() + 3, shuffled.end() - 2);  // the order of writing says nothing
  given([&](WriteTx& tx) -> Result<bool> {
    for (const auto& p : shuffled) INTEGRITY_CHECK(tx.create_product(act_, p));
    return true;
  });
  for (const std::size_t limit : {1U, 4U, 9U, 22U, 23U, 24U}) {
    std::vector<model::Product> seen;
    model::ProductQuery query{.limit = limit};
    for (;;) {
      const auto page = store().read()->products(query);
      ASSERT_LE(page.size(), limit);
      seen.insert(seen.end(), page.begin(), page.end());
      if (page.size() < limit) break;
      query.after = position(page.back());
    }
    EXPECT_EQ(seen, all) << limit;
  }
}

TEST_P(StoreContract, APageBeginsBehindARecordThatIsGone) {
  const auto first = given_product(), second = given_product(), third = given_product();
  given([&](WriteTx& tx) { return done(tx.delete_product(act_, second)); });
  const auto page = store().read()->products({.after = position(second)});
  EXPECT_EQ(page, std::vector{third});
}

TEST_P(StoreContract, TheSkuFilterFindsOneProductAndKeepsToThePage) {
  auto made = product();
  made.sku = "L-1";
  given([&](WriteTx& tx) { return done(tx.create_product(act_, made)); });
  given_product();
  EXPECT_EQ(store().read()->products({.sku = "L-1"}), std::vector{made});
  EXPECT_TRUE(store().read()->products({.sku = "L-2"}).empty());
  EXPECT_TRUE(store().read()->products({.sku = "L-1", .after = position(made)}).empty());
}

TEST_P(StoreContract, HistoryPagesGoFromNewToOldAndStayWithTheirRecord) {
  auto current = given_product();
  for (int i = 0; i < 6; ++i) {
    given_product();  // changes of others between
    auto next = current;
    ++next.version;
    given([&](WriteTx& tx) { return done(tx.update_product(act_, current, next)); });
    current = next;
  }
  std::vector<std::int64_t> revisions;
  std::optional<std::int64_t> before;
  for (;;) {
    const auto page = store().read()->changes(model::RecordKind::product, record_id(current.id), before, 3);
    for (const auto& change : page) revisions.push_back(change.revision);
    if (page.size() < 3) break;
    before = page.back().number;
  }
  EXPECT_EQ(revisions, (std::vector<std::int64_t>{7, 6, 5, 4, 3, 2, 1}));
}

TEST_P(StoreContract, UsersComeByName) {
  for (const char* name : {"bob", "Ada", "cyd"}) given_pending(name);
  std::vector<std::string> names;
  for (const auto& user : store().read()->users()) names.push_back(user.username);
  EXPECT_EQ(names, (std::vector<std::string>{"Ada", "bob", "cyd"}));
}

}  // namespace
}  // namespace integrity::store
