// A name or a sku belongs to one record, also where several ask for it at the same time.
#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

TEST_P(StoreContract, AUsernameIsTakenInUpperAndLowerCase) {
  given_pending("Ada.L");
  for (const char* name : {"Ada.L", "ada.l", "ADA.L"}) {
    const auto other = pending(name);
    const auto result = store().write([&](WriteTx& tx) { return done(tx.add_pending_user(other)); });
    ASSERT_FALSE(result.has_value()) << name;
    EXPECT_EQ(result.error().code, Code::username_taken);
    EXPECT_EQ(store().read()->user_by_name(name)->username, "Ada.L");
  }
  EXPECT_FALSE(store().read()->user_by_name("ada-l"));
}

TEST_P(StoreContract, OneOfSixteenGetsAUsername) {
  std::vector<model::User> users;
  for (int i = 0; i < 16; ++i) users.push_back(pending(i % 2 ? "ADA" : "ada"));
  EXPECT_EQ(race([&](int i) {
              return store()
                  .write([&](WriteTx& tx) { return done(tx.add_pending_user(users[static_cast<std::size_t>(i)])); })
                  .has_value();
            }),
            1);
  EXPECT_EQ(store().read()->users().size(), 1U);
}

TEST_P(StoreContract, AnExpiredPendingAccountFreesItsNameButAConfirmedOneNever) {
  given_pending("ada");
  const auto confirmed = given_user("bob");
  clock_.move(std::chrono::hours(24) - Millis(1));
  const auto sign_up = [&](const char* name) {
    const auto user = pending(name);
    return store().write([&](WriteTx& tx) { return done(tx.add_pending_user(user)); }).has_value();
  };
  EXPECT_FALSE(sign_up("Ada"));
  clock_.move(Millis(1));
  EXPECT_TRUE(sign_up("Ada"));
  EXPECT_FALSE(sign_up("bob"));
  EXPECT_EQ(store().read()->user_by_name("bob")->id, confirmed.id);
}

TEST_P(StoreContract, ASkuBelongsToOneProduct) {
  auto first = product(), second = product(), third = product();
  first.sku = "L-1";
  second.sku = "L-1";
  third.sku = "l-1";  // another sku: upper and lower case differ
  const auto create = [&](const model::Product& p) {
    return store().write([&](WriteTx& tx) { return done(tx.create_product(act_, p)); });
  };
  EXPECT_TRUE(create(first).has_value());
  const auto refused = create(second);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::sku_taken);
  EXPECT_TRUE(create(third).has_value());
  EXPECT_TRUE(history(second).empty());

  auto renamed = third;
  renamed.sku = "L-1";
  const auto taken =
      store().write([&](WriteTx& tx) { return done(tx.update_product(act_, "product.update", third, renamed)); });
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, Code::sku_taken);
  EXPECT_EQ(stored(third), third);
}

TEST_P(StoreContract, ADeletedProductFreesItsSku) {
  auto first = product(), second = product();
  first.sku = second.sku = "L-1";
  given([&](WriteTx& tx) -> Result<bool> {
    INTEGRITY_CHECK(tx.create_product(act_, first));
    INTEGRITY_CHECK(tx.delete_product(act_, first));
    return done(tx.create_product(act_, second));
  });
  EXPECT_EQ(stored(second), second);
}

TEST_P(StoreContract, ProductsWithoutSkuDoNotCollide) {
  given_product();
  given_product();
  EXPECT_EQ(store().read()->products({}).products.size(), 2U);
}

TEST_P(StoreContract, OneOfSixteenGetsASku) {
  std::vector<model::Product> products;
  for (int i = 0; i < 16; ++i) {
    products.push_back(product());
    products.back().sku = "L-1";
  }
  EXPECT_EQ(
      race([&](int i) {
        return store()
            .write([&](WriteTx& tx) { return done(tx.create_product(act_, products[static_cast<std::size_t>(i)])); })
            .has_value();
      }),
      1);
  EXPECT_EQ(store().read()->last_change_number(), 1);
}

}  // namespace
}  // namespace integrity::store
