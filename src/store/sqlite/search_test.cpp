// How long a search takes if no index alone answers it. What a search finds is tested in contract/search_test.cpp.
#include "store/sqlite/search.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <thread>

#include "store/contract/store_contract.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::store::sqlite {
namespace {

using std::chrono::milliseconds;

// A text function that takes a millisecond for each product while `slow` is set, and counts its calls.
struct SlowText {
  static inline std::atomic<bool> slow = false;
  static inline thread_local int calls = 0;  // of this thread: the writer indexes meanwhile
  static std::vector<std::string> words_of(const model::Product& product) {
    if (slow) {
      ++calls;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return plain_words(product);
  }
};

class SqliteSearch : public testing::Test {
 protected:
  SqliteSearch() {
    std::filesystem::create_directory(folder_);
    store_ = open_sqlite({.file = folder_ / "integrity.db", .clock = &clock_, .text = text_of<&SlowText::words_of>(1)});
  }
  ~SqliteSearch() override {
    SlowText::slow = false;
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  // All names begin alike, so that the word index returns all products for the first letters.
  void fill(int count) {
    const auto filled = store_->write([&](WriteTx& tx) -> Result<bool> {
      for (int i = 0; i < count; ++i) {
        model::Product made;
        made.id = ProductId::make(clock_.now(), random_);
        made.name = "lampshade" + std::to_string(i);
        made.price = Money{i};
        made.currency = "EUR";
        made.created_at = made.updated_at = tx.now();
        INTEGRITY_CHECK(tx.create_product({}, made));
      }
      return true;
    });
    ASSERT_TRUE(filled.has_value());
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("integrity-search-" + std::to_string(::getpid()));
  ManualClock clock_;
  SystemRandom random_;
  std::unique_ptr<Store> store_;
};

// The index returns two thousand candidates, and each has to be read. That once took two seconds whatever the limit.
TEST_F(SqliteSearch, EndsInTimeIfTheCandidatesOfAnIndexMustBeRead) {
  fill(2000);
  SlowText::calls = 0;
  SlowText::slow = true;
  model::ProductQuery query{
      .words = {"lampshadex"}, .order = {.by = model::ProductKey::name}, .limit = 100, .time_max = milliseconds(40)};
  const auto page = store_->read()->products(query);
  EXPECT_TRUE(page.products.empty());
  EXPECT_FALSE(page.next.empty()) << "it did not reach the end";
  EXPECT_LT(SlowText::calls, 40 + 64 + 10);
}

// However short the limit is, each page makes progress, and all pages together are the list.
TEST_F(SqliteSearch, MakesProgressWithEachPage) {
  fill(300);
  model::ProductQuery query{.words = {"lampshade1"},
                            .order = {.by = model::ProductKey::price, .descending = true},
                            .limit = 1000,
                            .time_max = milliseconds(1)};
  SlowText::slow = true;
  std::vector<std::int64_t> found;
  int pages = 0;
  do {
    const auto page = store_->read()->products(query);
    for (const auto& product : page.products) found.push_back(product.price.units);
    query.after = page.next;
  } while (!query.after.empty() && ++pages < 300);
  std::vector<std::int64_t> expected;
  for (int i = 299; i >= 0; --i) {
    if (std::to_string(i).front() == '1') expected.push_back(i);
  }
  EXPECT_EQ(found, expected);
}

// The limit of one search must not interrupt the next query on its connection.
TEST_F(SqliteSearch, LeavesItsConnectionAsItWas) {
  fill(3000);
  SlowText::slow = false;
  for (int i = 0; i < 20; ++i) {
    model::ProductQuery query{.words = {"lampshade"}, .order = {.by = model::ProductKey::stock}, .limit = 1000};
    query.time_max = milliseconds(2);
    store_->read()->products(query);
    query.time_max.reset();
    EXPECT_EQ(store_->read()->products(query).products.size(), 1000U);
  }
}

}  // namespace
}  // namespace integrity::store::sqlite
