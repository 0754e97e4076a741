// Filters, words and orders, compared with a simple implementation.
#include <algorithm>
#include <random>

#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

using model::Product;
using model::ProductKey;
using model::ProductQuery;

bool fits(const Product& product, const ProductQuery& query) {
  const auto words = plain_words(product);
  const auto occurs = [&](const std::string& word) { return std::count(words.begin(), words.end(), word) > 0; };
  const auto begins = [&](const std::string& word) { return word.starts_with(query.words.back()); };
  return (!query.sku || product.sku == query.sku) && query.price.has(product.price.units) &&
         query.stock.has(product.stock) &&
         (query.words.empty() || (std::all_of(query.words.begin(), query.words.end() - 1, occurs) &&
                                  std::any_of(words.begin(), words.end(), begins)));
}

// Negative, zero or positive: a comes before, with or after b.
int compare(const Product& a, const Product& b, model::ProductOrder order) {
  const auto by = [&](auto key) { return key(a) < key(b) ? -1 : key(b) < key(a) ? 1 : 0; };
  const int up = order.by == ProductKey::name         ? by([](const Product& p) { return plain_sort_key(p.name); })
                 : order.by == ProductKey::price      ? by([](const Product& p) { return p.price.units; })
                 : order.by == ProductKey::stock      ? by([](const Product& p) { return p.stock; })
                 : order.by == ProductKey::updated_at ? by([](const Product& p) { return p.updated_at; })
                                                      : by([](const Product& p) { return p.created_at; });
  return order.descending ? -up : up;
}

// Random products, in a store and in memory.
class Shelf {
 public:
  // `blank` makes a product with an id and times.
  Shelf(ManualClock& clock, std::function<Product()> blank) : clock_(clock), blank_(std::move(blank)) {}

  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(chance_); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string word() {
    static const std::vector<std::string> kWords{"lamp", "desk", "lantern", "red", "Rod", "a", "ab", "abc"};
    return kWords[below(kWords.size())];
  }

  Product random_product() {
    auto made = blank_();
    made.name = word() + ' ' + word();
    if (one_in(2)) made.description = word() + ' ' + word() + ' ' + word();
    if (one_in(3)) made.sku = "sku-" + std::to_string(++skus_);
    made.price = Money{static_cast<std::int64_t>(below(10))};
    made.stock = static_cast<std::int64_t>(below(6));
    return made;
  }

  void fill(Store& store, std::size_t count) {
    for (std::size_t filled = 0; filled < count; filled += 100) {
      std::vector<Product> made;
      for (int i = 0; i < 100; ++i) made.push_back(random_product());
      write(store, [&](WriteTx& tx) -> Result<bool> {
        for (const auto& p : made) INTEGRITY_CHECK(tx.create_product({}, p));
        return true;
      });
      all_.insert(all_.end(), made.begin(), made.end());
      clock_.move(Millis(1));
    }
  }

  void change_some(Store& store, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      Product& before = all_[below(all_.size())];
      auto after = random_product();
      after.id = before.id;
      after.created_at = before.created_at;
      after.version = before.version + 1;
      if (one_in(3)) {  // a movement of stock alone
        const auto stock = after.stock;
        const auto updated_at = after.updated_at;
        after = before;
        after.stock = stock;
        after.updated_at = updated_at;
      }
      write(store, [&](WriteTx& tx) -> Result<bool> {
        INTEGRITY_CHECK(tx.update_product({}, "product.update", before, after));
        return true;
      });
      before = after;
      if (one_in(4)) {
        write(store, [&](WriteTx& tx) -> Result<bool> {
          INTEGRITY_CHECK(tx.delete_product({}, before));
          return true;
        });
        before = all_.back();
        all_.pop_back();
      }
      if (one_in(5)) clock_.move(Millis(1));
    }
  }

  ProductQuery random_query() {
    ProductQuery query;
    if (one_in(3)) {
      for (std::size_t i = below(3); i > 0; --i) query.words.push_back(plain_sort_key(word()));
      query.words.push_back(std::string("lardab").substr(below(5), 1 + below(3)));
    }
    const auto bound = [&](std::size_t of) { return std::optional(static_cast<std::int64_t>(below(of))); };
    if (one_in(3)) query.price.min = bound(10);
    if (one_in(3)) query.price.max = bound(10);
    if (one_in(4)) query.stock.min = bound(6);
    if (one_in(4)) query.stock.max = bound(6);
    query.order = {static_cast<ProductKey>(below(5)), one_in(2)};
    return query;
  }

  static std::vector<Product> walk(Store& store, ProductQuery query) {
    std::vector<Product> seen;
    do {
      auto page = store.read()->products(query);
      EXPECT_LE(page.products.size(), query.limit);
      seen.insert(seen.end(), page.products.begin(), page.products.end());
      query.after = page.next;
    } while (!query.after.empty());
    return seen;
  }

  void expect_like_the_simple_way(Store& store, const ProductQuery& query, const std::string& which) {
    std::vector<Product> expected;
    for (const auto& p : all_) {
      if (fits(p, query)) expected.push_back(p);
    }
    const auto seen = walk(store, query);
    const auto by_id = [](const Product& a, const Product& b) { return a.id < b.id; };
    auto sorted = seen;
    std::sort(sorted.begin(), sorted.end(), by_id);
    std::sort(expected.begin(), expected.end(), by_id);
    EXPECT_EQ(sorted, expected) << which;
    for (std::size_t i = 1; i < seen.size(); ++i) {
      ASSERT_LE(compare(seen[i - 1], seen[i], query.order), 0) << which << ", at " << i;
    }
    // The same with pages of another size, and with no time for a page.
    auto in_pages = query;
    in_pages.limit = 1 + seen.size() / 3;
    if (one_in(2)) in_pages.time_max = std::chrono::milliseconds(-1);
    EXPECT_EQ(walk(store, in_pages), seen) << which;
  }

 private:
  template <class F>
  static void write(Store& store, F function) {
    ASSERT_TRUE(store.write(function).has_value());
  }

  ManualClock& clock_;
  std::function<Product()> blank_;
  std::mt19937 chance_{20261125};
  std::vector<Product> all_;
  int skus_ = 0;
};

TEST_P(StoreContract, SearchAmongFewFindsWhatTheSimpleWayFinds) {
  Shelf shelf(clock_, [&] { return product(); });
  shelf.fill(store(), 300);
  shelf.change_some(store(), 200);
  for (int i = 0; i < 300; ++i) {
    auto query = shelf.random_query();
    query.limit = 1000;
    shelf.expect_like_the_simple_way(store(), query, "query " + std::to_string(i));
  }
}

// More than can be fetched and sorted at once.
TEST_P(StoreContract, SearchAmongManyFindsWhatTheSimpleWayFinds) {
  Shelf shelf(clock_, [&] { return product(); });
  shelf.fill(store(), 6000);
  shelf.change_some(store(), 100);
  for (int i = 0; i < 25; ++i) {
    auto query = shelf.random_query();
    query.limit = 10'000;
    shelf.expect_like_the_simple_way(store(), query, "query " + std::to_string(i));
  }
}

// The matches are far from where the page begins, and their words begin like those of others.
TEST_P(StoreContract, SearchByOneFilterFillsItsPageHoweverManyItSkips) {
  std::vector<Product> all;
  for (int i = 0; i < 9000; ++i) {
    auto made = product((i < 5000 ? "ungewöhnlich" : "ungewöhnt") + std::to_string(i));
    made.price = Money{i};
    made.stock = 9000 - i;
    all.push_back(std::move(made));
  }
  given([&](WriteTx& tx) -> Result<bool> {
    for (const auto& p : all) INTEGRITY_CHECK(tx.create_product(act_, p));
    return true;
  });
  const auto found = [&](const ProductQuery& query) { return Shelf::walk(store(), query); };
  const auto part = [&](auto begin, auto end) { return std::vector(all.begin() + begin, all.begin() + end); };
  std::vector<Product> down(all.rbegin(), all.rend());
  for (const auto time_max :
       {std::optional<std::chrono::milliseconds>(), std::optional(std::chrono::milliseconds(-1))}) {
    for (const std::size_t limit : {1500U, 10'000U}) {
      EXPECT_EQ(found({.price = {5000, {}}, .limit = limit, .time_max = time_max}), part(5000, 9000));
      EXPECT_EQ(found({.stock = {{}, 4000}, .limit = limit, .time_max = time_max}), part(5000, 9000));
      EXPECT_EQ(found({.words = {"ungewöhnt"}, .limit = limit, .time_max = time_max}), part(5000, 9000));
      EXPECT_EQ(found({.price = {{}, 3999}, .order = {.descending = true}, .limit = limit, .time_max = time_max}),
                std::vector(down.begin() + 5000, down.end()));
      EXPECT_EQ(found({.stock = {5001, {}}, .order = {.descending = true}, .limit = limit, .time_max = time_max}),
                std::vector(down.begin() + 5000, down.end()));
      EXPECT_EQ(found({.words = {"ungewöhnl"}, .order = {.descending = true}, .limit = limit, .time_max = time_max}),
                std::vector(down.begin() + 4000, down.end()));
    }
  }
  EXPECT_EQ(store().read()->products({.price = {5000, {}}, .limit = 10}).products, part(5000, 5010));
  EXPECT_EQ(store().read()->products({.stock = {{}, 4000}, .limit = 10}).products, part(5000, 5010));
  EXPECT_EQ(store().read()->products({.words = {"ungewöhnt"}, .limit = 10}).products, part(5000, 5010));
}

TEST_P(StoreContract, SearchIsTheSameAfterReopening) {
  Shelf shelf(clock_, [&] { return product(); });
  shelf.fill(store(), 100);
  shelf.change_some(store(), 50);
  open();
  for (int i = 0; i < 50; ++i) {
    shelf.expect_like_the_simple_way(store(), shelf.random_query(), "query " + std::to_string(i));
  }
}

TEST_P(StoreContract, SearchForgetsTheWordsOfDeletedProducts) {
  auto before = product("lamp old");
  given([&](WriteTx& tx) { return done(tx.create_product(act_, before)); });
  auto after = before;
  after.name = "lamp new";
  given([&](WriteTx& tx) { return done(tx.update_product(act_, "product.update", before, after)); });
  EXPECT_TRUE(store().read()->products({.words = {"old"}}).products.empty());
  EXPECT_EQ(store().read()->products({.words = {"lamp", "ne"}}).products, std::vector{after});
  given([&](WriteTx& tx) { return done(tx.delete_product(act_, after)); });
  EXPECT_TRUE(store().read()->products({.words = {"la"}}).products.empty());
}

}  // namespace
}  // namespace integrity::store
