// New products come into the index of words later than their answers: nobody may notice.
#include "store/sqlite/word_index.hpp"

#include <gtest/gtest.h>

#include "store/contract/store_contract.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::store::sqlite {
namespace {

class WordIndex : public testing::Test {
 protected:
  WordIndex() { open(); }

  void open() {
    store_.reset();
    store_ = open_sqlite({.file = file_, .clock = &clock_, .text = plain_text});
  }
  static model::Product product(std::uint8_t number, std::string name) {
    model::Product product;
    product.id.bytes[0] = number;
    product.name = std::move(name);
    product.currency = "EUR";
    return product;
  }
  void create(const model::Product& product) {
    const auto made = store_->write([product](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product({}, product));
      return true;
    });
    ASSERT_TRUE(made.has_value());
  }
  void rename(std::uint8_t number, std::string name) {
    const auto done = store_->write([number, name = std::move(name)](WriteTx& tx) -> Result<bool> {
      const auto before = *tx.product(product(number, "").id);
      auto after = before;
      after.name = name;
      ++after.version;
      INTEGRITY_CHECK(tx.update_product({}, "product.update", before, after));
      return true;
    });
    ASSERT_TRUE(done.has_value());
  }
  void remove(std::uint8_t number) {
    const auto done = store_->write([number](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.delete_product({}, *tx.product(product(number, "").id)));
      return true;
    });
    ASSERT_TRUE(done.has_value());
  }
  // The names found by a word, in the default order.
  static std::string found(ReadTx& tx, const std::string& word) {
    std::string names;
    for (const auto& each : tx.products({.words = {word}}).products) names += each.name + ";";
    return names;
  }
  std::string found(const std::string& word) const { return found(*store_->read(), word); }
  std::int64_t changes_not_indexed() const {
    Database db(file_, Database::Open::read);
    auto row = db.query("SELECT coalesce(max(number), 0) - (SELECT through FROM word_index) FROM changes");
    row.next();
    return row.take<std::int64_t>();
  }

  ManualClock clock_;
  const TempFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "integrity.db";
  std::unique_ptr<Store> store_;
};

TEST_F(WordIndex, ProductsAreFoundThatWereNotIndexedWhenTheProgramDied) {
  create(product(1, "lamp"));
  create(product(2, "desk"));
  create(product(3, "lamp three"));
  rename(2, "lamp two");
  remove(3);
  EXPECT_EQ(changes_not_indexed(), 5) << "this test is about products that are not";
  // What the disk holds at this point is all that a killed program leaves.
  const auto copy = folder_.path() / "copy.db";
  for (const char* suffix : {"", "-wal"}) std::filesystem::copy(file_.string() + suffix, copy.string() + suffix);

  const auto again = open_sqlite({.file = copy, .clock = &clock_, .text = plain_text});
  EXPECT_EQ(found(*again->read(), "lamp"), "lamp;lamp two;");
  EXPECT_EQ(found(*again->read(), "desk"), "");
}

TEST_F(WordIndex, ASearchFindsWhatWasAnsweredBeforeIt) {
  create(product(1, "lamp one"));
  EXPECT_EQ(found("lamp"), "lamp one;");
  EXPECT_EQ(changes_not_indexed(), 0);
  create(product(2, "lamp two"));
  rename(1, "desk one");  // in the index
  rename(2, "desk two");  // not yet
  EXPECT_EQ(found("lamp"), "");
  EXPECT_EQ(found("desk"), "desk one;desk two;");
  create(product(3, "desk three"));
  remove(1);  // in the index
  remove(3);  // not yet
  EXPECT_EQ(found("desk"), "desk two;");
  open();
  EXPECT_EQ(found("desk"), "desk two;");
  EXPECT_EQ(found("two"), "desk two;");
}

// What a write that is undone had indexed is not indexed.
TEST_F(WordIndex, AWriteThatSearchesAndFailsLeavesOthersToBeFound) {
  create(product(1, "lamp one"));
  for (const auto& refusal : {Error{Code::not_found}, Error{Code::sku_taken}}) {
    const auto refused = store_->write([&](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product({}, product(2, "lamp two")));
      EXPECT_EQ(found(tx, "lamp"), "lamp one;lamp two;");
      return refusal;
    });
    EXPECT_FALSE(refused);
  }
  create(product(3, "lamp three"));
  EXPECT_EQ(found("lamp"), "lamp one;lamp three;");
}

TEST_F(WordIndex, IsNeverFarBehind) {
  for (int group = 0; group < 13; ++group) {
    const auto made = store_->write([&](WriteTx& tx) -> Result<bool> {
      for (int i = 0; i < 200; ++i) {
        auto each = product(static_cast<std::uint8_t>(group), "lamp");
        each.id.bytes[1] = static_cast<std::uint8_t>(i);
        INTEGRITY_CHECK(tx.create_product({}, each));
      }
      return true;
    });
    ASSERT_TRUE(made);
    EXPECT_LT(changes_not_indexed(), 1024);
  }
  EXPECT_GT(changes_not_indexed(), 0) << "or nothing is indexed later";
  EXPECT_EQ(store_->read()->products({.words = {"lamp"}, .limit = 10'000}).products.size(), 2600U);
}

// Each thread searches for what it has just created, while the others write.
TEST_F(WordIndex, NobodyMissesHisOwnProductWhileOthersWrite) {
  std::atomic<int> missed = 0;
  std::vector<std::thread> threads;
  for (std::uint8_t writer = 0; writer < 4; ++writer) {
    threads.emplace_back([this, writer, &missed] {
      for (std::uint8_t i = 0; i < 50; ++i) {
        const std::string name = "lamp" + std::to_string(writer) + "x" + std::to_string(i);
        auto each = product(writer, name);
        each.id.bytes[1] = i;
        create(each);
        if (i % 4 == 0 && found(name) != name + ";") ++missed;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(missed, 0);
}

}  // namespace
}  // namespace integrity::store::sqlite
