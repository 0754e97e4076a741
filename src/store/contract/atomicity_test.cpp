// A write happens as a whole, with its changes, or not at all; and it does not affect its neighbours.
#include <future>

#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

TEST_P(StoreContract, AnErrorUndoesEverything) {
  const auto ada = given_user("ada");
  const auto session = session_of(ada);
  const auto made = product();
  const auto before = store().read()->last_change_number();
  const auto result = store().write([&](WriteTx& tx) -> Result<bool> {
    INTEGRITY_CHECK(tx.create_product(act_, made));
    tx.start_session(act_, {.session = session});
    tx.spend_totp_step(ada.id, 1000);
    return Error{Code::insufficient_stock};
  });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Code::insufficient_stock);
  EXPECT_FALSE(stored(made));
  EXPECT_FALSE(store().session(session.id));
  EXPECT_EQ(store().read()->factor_counters(ada.id).last_step, 0);
  EXPECT_EQ(store().read()->last_change_number(), before);
}

TEST_P(StoreContract, AnExceptionUndoesEverythingAndIsAnInternalError) {
  const auto made = product();
  const auto result = store().write([&](WriteTx& tx) -> Result<bool> {
    INTEGRITY_CHECK(tx.create_product(act_, made));
    throw std::runtime_error("a bug");
  });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Code::internal);
  EXPECT_EQ(result.error().cause, "a bug");
  EXPECT_EQ(result.error().detail.find("a bug"), std::string::npos);
  EXPECT_FALSE(stored(made));
  EXPECT_TRUE(history(made).empty());
  EXPECT_TRUE(
      store().write([&](WriteTx& tx) -> Result<bool> { return tx.create_product(act_, made).has_value(); }).value());
}

TEST_P(StoreContract, ATouchChangesNothing) {
  const auto before = store().read()->last_change_number();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(store().write([](WriteTx& tx) -> Result<bool> { return done(tx.touch()); }).has_value());
  }
  EXPECT_EQ(store().read()->last_change_number(), before);
}

TEST_P(StoreContract, AnErrorThatCommitsKeepsWhatWasWritten) {
  const auto ada = given_user("ada");
  const auto result = store().write([&](WriteTx& tx) -> Result<bool> {
    tx.set_factor_counters(ada.id, {.failures = 1});
    return tx.commit_with(Error{Code::invalid_code});
  });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Code::invalid_code);
  EXPECT_EQ(store().read()->factor_counters(ada.id).failures, 1);
}

TEST_P(StoreContract, CommittingWithAnErrorIsForOneWriteOnly) {
  const auto ada = given_user("ada");
  const auto count = [&](std::int64_t failures, bool keep) {
    return store().write([&, failures, keep](WriteTx& tx) -> Result<bool> {
      tx.set_factor_counters(ada.id, {.failures = failures});
      return keep ? tx.commit_with(Error{Code::invalid_code}) : Error{Code::invalid_code};
    });
  };
  EXPECT_FALSE(count(1, true).has_value());
  EXPECT_FALSE(count(2, false).has_value());
  EXPECT_EQ(store().read()->factor_counters(ada.id).failures, 1);
}

// Jobs that are submitted together share a commit where the engine groups them; one that fails does not affect the
// others.
TEST_P(StoreContract, NeighboursOfAFailingWriteAreUnaffected) {
  constexpr int writes = 100;
  std::vector<model::Product> products;
  for (int i = 0; i < writes; ++i) products.push_back(product("p" + std::to_string(i)));
  std::vector<std::future<Code>> answers;
  static constexpr Code ok = Code::bad_request;  // stands for success: no write here ends with it
  for (int i = 0; i < writes; ++i) {
    auto promise = std::make_shared<std::promise<Code>>();
    answers.push_back(promise->get_future());
    auto run = [&, i](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product(act_, products[static_cast<std::size_t>(i)]));
      if (i % 5 == 1) return Error{Code::insufficient_stock};
      if (i % 5 == 3) throw std::runtime_error("a bug");
      return true;
    };
    auto tell = [promise](Result<bool> r) { promise->set_value(r.has_value() ? ok : r.error().code); };
    store().submit(make_job<bool>({}, run, tell));
  }
  for (int i = 0; i < writes; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const Code expected = i % 5 == 1 ? Code::insufficient_stock : i % 5 == 3 ? Code::internal : ok;
    EXPECT_EQ(answers[index].get(), expected) << i;
    EXPECT_EQ(stored(products[index]).has_value(), expected == ok) << i;
    EXPECT_EQ(history(products[index]).size(), expected == ok ? 1U : 0U) << i;
  }
  EXPECT_EQ(store().read()->last_change_number(), writes * 3 / 5);
}

TEST_P(StoreContract, AWriteSeesWhatItWrote) {
  const auto made = product();
  given([&](WriteTx& tx) -> Result<bool> {
    INTEGRITY_CHECK(tx.create_product(act_, made));
    return tx.product(made.id) == made ? true : Result<bool>(Error{Code::internal});
  });
}

TEST_P(StoreContract, ReadsAfterTheAnswerShowTheWrite) {
  auto current = given_product();
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(stored(current), current);
    auto next = current;
    next.stock = i;
    given([&](WriteTx& tx) { return done(tx.update_product(act_, "product.update", current, next)); });
    current = next;
  }
  given([&](WriteTx& tx) { return done(tx.delete_product(act_, current)); });
  EXPECT_FALSE(stored(current));
}

// Readers that know of an acknowledged version never see an older one.
TEST_P(StoreContract, ReadersNeverSeeAVersionOlderThanAnAcknowledgedOne) {
  const auto made = given_product();
  std::atomic<std::int64_t> acknowledged = 1;
  std::atomic<int> stale = 0;
  std::vector<std::thread> readers;
  constexpr std::int64_t last = 400;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (acknowledged < last) {
        const std::int64_t at_least = acknowledged;
        if (store().read()->product(made.id)->version < at_least) ++stale;
      }
    });
  }
  for (auto current = made; current.version < last;) {
    auto next = current;
    const auto written =
        store().write([&](WriteTx& tx) { return done(tx.update_product(act_, "product.update", current, next)); });
    if (!written.has_value()) break;
    current = next;
    acknowledged = next.version;
  }
  EXPECT_EQ(acknowledged, last);
  acknowledged = last;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(stale, 0);
}

// Each write moves one unit of stock from one product to the other.
TEST_P(StoreContract, AListShowsOneStateWhileOthersWrite) {
  auto first = given_product("Lamp one"), second = given_product("Lamp two");
  const auto total = first.stock + second.stock;
  std::atomic<bool> finished = false;
  std::atomic<int> lists = 0, torn = 0;
  std::thread reader([&] {
    while (!finished) {
      for (const model::ProductQuery& query : {model::ProductQuery{}, model::ProductQuery{.words = {"lamp"}}}) {
        std::int64_t stock = 0;
        for (const auto& each : store().read()->products(query).products) stock += each.stock;
        ++lists;
        if (stock != total) ++torn;
      }
    }
  });
  for (int i = 0; i < 30; ++i) {
    auto less = first, more = second;
    --less.stock;
    ++more.stock;
    given([&](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.update_product(act_, "product.stock", first, less));
      return done(tx.update_product(act_, "product.stock", second, more));
    });
    first = more;
    second = less;
  }
  finished = true;
  reader.join();
  EXPECT_GT(lists, 0);
  EXPECT_EQ(torn, 0);
}

TEST_P(StoreContract, AFullQueueAnswersOverloadedAndLosesNoJob) {
  open({.queue_max = 1});
  std::promise<void> release;
  const std::shared_future<void> released(release.get_future());
  constexpr int writes = 100;
  std::atomic<int> written = 0, overloaded = 0;
  auto blocked = [released](WriteTx&) -> Result<bool> {
    released.wait();
    return true;
  };
  auto tell = [&](const Result<bool>& r) {
    if (r.has_value()) {
      ++written;
    } else if (r.error().code == Code::overloaded && r.error().retry_after) {
      ++overloaded;
    }
  };
  for (int i = 0; i < writes; ++i) {
    store().submit(make_job<bool>({}, blocked, tell));
  }
  EXPECT_GT(overloaded, 0);
  release.set_value();
  open();  // closing waits for the answers
  EXPECT_GT(written, 0);
  EXPECT_EQ(written + overloaded, writes);
}

}  // namespace
}  // namespace integrity::store
