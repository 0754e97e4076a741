// Pages neither repeat nor lose a record.
#include <algorithm>

#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

// All pages, one after the other.
std::vector<model::Product> walk(Store& store, model::ProductQuery query) {
  std::vector<model::Product> seen;
  do {
    auto page = store.read()->products(query);
    EXPECT_LE(page.products.size(), query.limit);
    seen.insert(seen.end(), page.products.begin(), page.products.end());
    query.after = page.next;
  } while (!query.after.empty());
  return seen;
}

TEST_P(StoreContract, PagesNeitherRepeatNorLoseWhereTimesAreEqual) {
  std::vector<model::Product> all;
  for (int i = 0; i < 23; ++i) {
    if (i % 9 == 8) clock_.move(Millis(1));
    all.push_back(product());
  }
  given([&](WriteTx& tx) -> Result<bool> {
    for (const auto& p : all) INTEGRITY_CHECK(tx.create_product(act_, p));
    return true;
  });
  const auto whole = walk(store(), {.limit = 1000});
  ASSERT_EQ(whole.size(), all.size());
  EXPECT_TRUE(std::is_sorted(whole.begin(), whole.end(),
                             [](const auto& a, const auto& b) { return a.created_at < b.created_at; }));
  for (const std::size_t limit : {1U, 4U, 9U, 22U, 23U, 24U})
    EXPECT_EQ(walk(store(), {.limit = limit}), whole) << limit;
}

TEST_P(StoreContract, APageEndsAfterSoManyBytesToo) {
  std::vector<model::Product> all;
  for (int i = 0; i < 12; ++i) {
    all.push_back(product(i % 3 == 0 ? "Lamp" : std::string(150, 'L')));
    all.back().price.units += i % 5;
    if (i % 4 == 0) all.back().description = std::string(3000, 'x');
  }
  given([&](WriteTx& tx) -> Result<bool> {
    for (const auto& p : all) INTEGRITY_CHECK(tx.create_product(act_, p));
    return true;
  });
  // In the default order, by an index, and with a filter that leaves few, which are sorted.
  for (const model::ProductQuery& query :
       {model::ProductQuery{}, model::ProductQuery{.order = {.by = model::ProductKey::price}},
        model::ProductQuery{.stock = {0, 100}, .order = {.descending = true}}}) {
    auto in_parts = query;
    in_parts.bytes_max = 4000;
    EXPECT_EQ(walk(store(), in_parts), walk(store(), query));
    const auto part = store().read()->products(in_parts);
    std::size_t bytes = 0;
    for (const auto& p : part.products) bytes += model::bytes_about(p);
    EXPECT_GE(bytes, 4000U);
    EXPECT_LT(bytes - model::bytes_about(part.products.back()), 4000U) << "the last one went over it";
    EXPECT_FALSE(part.next.empty());
    in_parts.bytes_max = 0;
    EXPECT_EQ(store().read()->products(in_parts).products.size(), 1U) << "every page makes progress";
  }
}

TEST_P(StoreContract, TheLastPageHasNoNextPage) {
  for (int i = 0; i < 3; ++i) given_product();
  EXPECT_EQ(store().read()->products({.limit = 3}).next, "");
  EXPECT_NE(store().read()->products({.limit = 2}).next, "");
}

TEST_P(StoreContract, APageBeginsAfterADeletedRecord) {
  const auto first = given_product(), second = given_product(), third = given_product();
  const auto page = store().read()->products({.limit = 2});
  given([&](WriteTx& tx) { return done(tx.delete_product(act_, second)); });
  EXPECT_EQ(store().read()->products({.after = page.next}).products, std::vector{third});
}

// A client that has read up to it must find what comes next, also in the same millisecond.
TEST_P(StoreContract, ASequenceNumberIsNeverUsedTwice) {
  for (const bool reopened : {false, true}) {
    const auto first = given_product(), second = given_product();
    const auto after_first = store().read()->products({.limit = 1}).next;
    given([&](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.delete_product(act_, first));
      INTEGRITY_CHECK(tx.delete_product(act_, second));
      return true;
    });
    if (reopened) open();
    auto next = product();
    given([&](WriteTx& tx) {
      next.created_at = tx.now();
      return done(tx.create_product(act_, next));
    });
    EXPECT_EQ(store().read()->products({.after = after_first}).products, std::vector{next}) << reopened;
    given([&](WriteTx& tx) { return done(tx.delete_product(act_, next)); });
  }
}

// The API makes products with the time of their write; imported products have older times.
TEST_P(StoreContract, ProductsOfThePastComeFirst) {
  auto old = product("Old"), older = product("Older");
  old.created_at = from_millis(1'000'000'000'000);
  older.created_at = from_millis(999'999'999'999);
  const auto present = given_product();
  given([&](WriteTx& tx) -> Result<bool> {
    INTEGRITY_CHECK(tx.create_product(act_, old));
    INTEGRITY_CHECK(tx.create_product(act_, older));
    return true;
  });
  EXPECT_EQ(walk(store(), {.limit = 1}), (std::vector{older, old, present}));
}

// Both get the last sequence number of their millisecond.
TEST_P(StoreContract, AProductOfThePastLeavesTheHistoryOfADeletedOneAlone) {
  auto gone = product("Gone"), next = product("Next");
  gone.created_at = next.created_at = from_millis(1'000'000'000'000);
  given_product();
  given([&](WriteTx& tx) -> Result<bool> {
    INTEGRITY_CHECK(tx.create_product(act_, gone));
    return done(tx.delete_product(act_, gone));
  });
  given([&](WriteTx& tx) { return done(tx.create_product(act_, next)); });
  const auto changes_of = [&](const model::Product& each) {
    return store().read()->changes(model::RecordKind::product, record_id(each.id), {}, 10).size();
  };
  EXPECT_EQ(changes_of(gone), 2U);
  EXPECT_EQ(changes_of(next), 1U);
}

TEST_P(StoreContract, RefusesAPositionOfAnotherStore) {
  given_product();
  EXPECT_THROW(store().read()->products({.after = "x"}), UnknownPosition);
}

TEST_P(StoreContract, TheSkuFilterFindsOneProductAndCombinesWithOthers) {
  auto made = product();
  made.sku = "L-1";
  given([&](WriteTx& tx) { return done(tx.create_product(act_, made)); });
  given_product();
  EXPECT_EQ(walk(store(), {.sku = "L-1"}), std::vector{made});
  EXPECT_TRUE(walk(store(), {.sku = "L-2"}).empty());
  EXPECT_TRUE(walk(store(), {.sku = "L-1", .price = {made.price.units + 1, {}}}).empty());
}

TEST_P(StoreContract, ProductsAreReadByIdInTheOrderAskedFor) {
  const auto first = given_product("First"), second = given_product("Second"), removed = given_product();
  given([&](WriteTx& tx) { return done(tx.delete_product(act_, removed)); });
  const std::vector ids{second.id, removed.id, first.id, next_product_id()};
  EXPECT_EQ(store().read()->products_by_id(ids), (std::vector{second, first}));
  EXPECT_TRUE(store().read()->products_by_id({}).empty());
  given([&](WriteTx& tx) -> Result<bool> {
    auto renamed = first;
    renamed.name = "Renamed";
    INTEGRITY_CHECK(tx.update_product(act_, "product.update", first, renamed));
    EXPECT_EQ(tx.products_by_id(ids), (std::vector{second, renamed})) << "a write sees what it wrote";
    return true;
  });
}

TEST_P(StoreContract, HistoryPagesGoFromNewToOldAndStayWithTheirRecord) {
  auto current = given_product();
  for (int i = 0; i < 6; ++i) {
    given_product();  // changes of other products in between
    auto next = current;
    given([&](WriteTx& tx) { return done(tx.update_product(act_, "product.update", current, next)); });
    current = next;
  }
  std::vector<std::int64_t> revisions;
  std::optional<std::int64_t> before;
  for (;;) {
    const auto page = store().read()->changes(model::RecordKind::product, record_id(current.id), before, 3);
    for (const auto& change : page) revisions.push_back(change.revision);
    if (page.size() < 3) break;
    before = page.back().revision;
  }
  EXPECT_EQ(revisions, (std::vector<std::int64_t>{7, 6, 5, 4, 3, 2, 1}));
}

TEST_P(StoreContract, TellsEachKindOfPasswordHashOnce) {
  const std::string salted(53, 'a');
  int number = 0;
  for (const std::string& hash : {"$2b$12$" + salted, "$2b$10$" + salted, "$2b$12$" + salted, "bytes:$2b$04$" + salted,
                                  std::string("too short")}) {
    auto user = pending("user-" + std::to_string(number++));
    user.password_hash = hash;
    given([&](WriteTx& tx) { return done(tx.add_pending_user(user)); });
  }
  const auto kinds = store().read()->password_hash_kinds();
  EXPECT_EQ(std::multiset<std::string>(kinds.begin(), kinds.end()),
            (std::multiset<std::string>{"", "$2b$10$", "$2b$12$", "bytes:$2b$04$"}));
}

TEST_P(StoreContract, UsersAreSortedByName) {
  for (const char* name : {"bob", "Ada", "cyd"}) given_pending(name);
  std::vector<std::string> names;
  for (const auto& user : store().read()->users()) names.push_back(user.username);
  EXPECT_EQ(names, (std::vector<std::string>{"Ada", "bob", "cyd"}));
}

}  // namespace
}  // namespace integrity::store
