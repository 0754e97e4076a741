// New products are added to the word index after their responses were sent. No client may notice.
#include "store/sqlite/word_index.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "store/contract/store_contract.hpp"
#include "store/sqlite/search.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::store::sqlite {
namespace {

// As for a text in which each character and each pair of characters is a word: four times its bytes.
std::vector<std::string> many_words(const model::Product& product) {
  const auto bytes = product.name.size() + product.description.value_or("").size();
  return std::vector<std::string>(bytes / 2, "1234567");
}

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

  // The writer indexes when it has had nothing to write for a while.
  void wait_until_indexed() const {
    for (int i = 0; i < 1000 && changes_not_indexed() > 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_EQ(changes_not_indexed(), 0);
  }

  ManualClock clock_;
  const TempFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "integrity.db";
  std::unique_ptr<Store> store_;
};

TEST_F(WordIndex, FindsProductsThatWereNotIndexedWhenTheProgramDied) {
  create(product(1, "lamp"));
  create(product(2, "desk"));
  create(product(3, "lamp three"));
  rename(2, "lamp two");
  remove(3);
  store_.reset();
  {
    Database db(file_, Database::Open::write);
    db.execute("INSERT INTO product_words (product_words) VALUES ('delete-all'); UPDATE word_index SET through = 0");
  }
  open();
  EXPECT_EQ(found("lamp"), "lamp;lamp two;");
  EXPECT_EQ(found("desk"), "");
  wait_until_indexed();
  EXPECT_EQ(found("lamp"), "lamp;lamp two;");
  EXPECT_EQ(found("desk"), "");
}

TEST_F(WordIndex, ASearchFindsWhatWasAcknowledgedBeforeIt) {
  create(product(1, "lamp one"));
  EXPECT_EQ(found("lamp"), "lamp one;");
  wait_until_indexed();
  create(product(2, "lamp two"));
  rename(1, "desk one");  // in the index
  rename(2, "desk two");  // perhaps not yet
  EXPECT_EQ(found("lamp"), "");
  EXPECT_EQ(found("desk"), "desk one;desk two;");
  create(product(3, "desk three"));
  remove(1);
  remove(3);
  EXPECT_EQ(found("desk"), "desk two;");
  open();
  EXPECT_EQ(found("desk"), "desk two;");
}

// Some of the products are in the index and some are not, and each page and order must show both.
TEST_F(WordIndex, ListsMergeWhatIsIndexedWithWhatIsNot) {
  for (std::uint8_t i = 0; i < 40; ++i) {
    auto each = product(i, (i % 4 == 3 ? "desk" : "lamp") + std::to_string(i));
    each.price = Money{100 - i};
    create(each);
  }
  wait_until_indexed();
  store_.reset();
  {
    // Every third product is taken out of the index, as if it had been created later than the others.
    Database db(file_, Database::Open::write);
    db.execute(
        "BEGIN; UPDATE changes SET number = number + 1000; UPDATE changes SET number = number - 1000"
        " WHERE (number - 1000) % 3 <> 0; UPDATE word_index SET through = 999");
    std::vector<std::pair<std::int64_t, std::string>> later;
    for (auto row = db.query("SELECT p.place, p.name FROM changes c JOIN products p ON p.id = c.record"
                             " WHERE c.number > 999");
         row.next();) {
      const auto place = row.take<std::int64_t>();
      later.emplace_back(place, row.take<std::string>());
    }
    for (const auto& [place, name] : later) remove_words(db, place, name);
    db.execute("COMMIT");
  }
  // Not opened as a store: that would index them.
  Database db(file_, Database::Open::read);
  ASSERT_EQ(products_without_words(db).size(), 13U);
  using model::ProductKey;
  for (const auto by : {ProductKey::created_at, ProductKey::price, ProductKey::name}) {
    for (const bool descending : {false, true}) {
      for (const std::size_t limit : {1U, 3U, 7U, 100U}) {
        model::ProductQuery query{.words = {"lamp"}, .order = {by, descending}, .limit = limit};
        std::vector<std::string> names;
        do {
          const auto page = search(db, plain_text, query);
          for (const auto& each : page.products) names.push_back(each.name);
          query.after = page.next;
        } while (!query.after.empty());
        model::ProductQuery all{.order = {by, descending}, .limit = 100};
        std::vector<std::string> expected;
        for (const auto& each : search(db, plain_text, all).products) {
          if (each.name.starts_with("lamp")) expected.push_back(each.name);
        }
        EXPECT_EQ(names, expected) << "limit " << limit;
      }
    }
  }
}

// Searches once waited for the writer to index. So a writer that was held up made all of them wait, even without words.
TEST_F(WordIndex, ASearchDoesNotWaitForTheWriter) {
  create(product(1, "lamp"));
  std::promise<void> begun, go_on;
  auto hold = std::async(std::launch::async, [&] {
    return store_->write([&](WriteTx&) -> Result<bool> {
      begun.set_value();
      go_on.get_future().wait();
      return true;
    });
  });
  begun.get_future().wait();
  EXPECT_EQ(found("lamp"), "lamp;");
  go_on.set_value();
  EXPECT_TRUE(hold.get());
}

// If a write is undone, what it has indexed is taken out of the index.
TEST_F(WordIndex, AWriteThatSearchesAndFailsDoesNotHideOtherProducts) {
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

TEST_F(WordIndex, NeverFallsFarBehind) {
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
    EXPECT_LE(changes_not_indexed(), 1024 + 200);
  }
  EXPECT_EQ(store_->read()->products({.words = {"lamp"}, .limit = 10'000}).products.size(), 2600U);
  wait_until_indexed();
  EXPECT_EQ(store_->read()->products({.words = {"lamp"}, .limit = 10'000}).products.size(), 2600U);
}

// What is not yet indexed was once counted in bytes of text, and indexing in bytes of words: four times as many if each
// character is a word. So much was left that the program took half a minute to end.
TEST_F(WordIndex, NeverFallsFarBehindInScriptsWithoutSpaces) {
  store_ = nullptr;
  store_ = open_sqlite({.file = file_, .clock = &clock_, .text = text_of<&many_words>(2)});
  for (int group = 0; group < 8; ++group) {
    const auto made = store_->write([&](WriteTx& tx) -> Result<bool> {
      for (int i = 0; i < 100; ++i) {
        auto each = product(static_cast<std::uint8_t>(group), std::string(200, 'x'));
        each.description = std::string(4000, 'y');
        each.id.bytes[1] = static_cast<std::uint8_t>(i);
        INTEGRITY_CHECK(tx.create_product({}, each));
      }
      return true;
    });
    ASSERT_TRUE(made);
    EXPECT_LE(changes_not_indexed(), 100 + 1024 * 1024 / 4000) << "a group, and 1 MiB";
  }
}

// Each thread searches for what it has just created, while the others write.
TEST_F(WordIndex, EachThreadFindsItsOwnProductWhileOthersWrite) {
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
