// Engines run closures again where a transaction has to be repeated: nothing of the first run may stay.
#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

TEST_P(StoreContract, AWriteThatIsRunTwiceHappensOnce) {
  open({.run_writes_twice = true});
  std::atomic<int> runs = 0;
  const auto ada = given_user("ada");
  const auto made = product();
  const auto session = session_of(ada);
  given([&](WriteTx& tx) -> Result<bool> {
    ++runs;
    INTEGRITY_CHECK(tx.create_product(act_, made));
    tx.start_session(act_, {.session = session});
    if (!tx.spend_totp_step(ada.id, 1000)) return Error{Code::code_already_used};
    return true;
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(history(made).size(), 1U);
  EXPECT_EQ(history(made)[0].number, 2);
  EXPECT_EQ(store().read()->last_change_number(), 3);
  EXPECT_TRUE(store().session(session.id));
}

TEST_P(StoreContract, RefusalsAreTheSameWhenRunTwice) {
  open({.run_writes_twice = true});
  const auto ada = given_user("ada");
  const auto made = product();
  const auto refused = store().write([&](WriteTx& tx) -> Result<bool> {
    INTEGRITY_CHECK(tx.create_product(act_, made));
    return Error{Code::insufficient_stock};
  });
  EXPECT_EQ(refused.error().code, Code::insufficient_stock);
  EXPECT_FALSE(stored(made));
  const auto kept = store().write([&](WriteTx& tx) -> Result<bool> {
    auto counters = tx.factor_counters(ada.id);
    ++counters.failures;
    tx.set_factor_counters(ada.id, counters);
    return tx.commit_with(Error{Code::invalid_code});
  });
  EXPECT_EQ(kept.error().code, Code::invalid_code);
  EXPECT_EQ(store().read()->factor_counters(ada.id).failures, 1);
}

}  // namespace
}  // namespace integrity::store
