// A history of every kind of record, and all of it that a query finds.
#pragma once
#include "store/contract/store_contract.hpp"

namespace integrity::store {

class FindChanges : public StoreContract {
 protected:
  // Of every kind, by several actors, a second apart.
  void fill() {
    ada_ = given_user("ada");
    bob_ = given_user("bob");
    const model::Attribution by_ada{.actor = ada_.id, .proof = model::Attribution::Proof::otp};
    const auto step = [&](auto work) {
      clock_.move(std::chrono::seconds(1));
      given([&](WriteTx& tx) -> Result<bool> {
        work(tx);
        return true;
      });
    };
    const auto session = session_of(bob_);
    const auto key = key_of(ada_, 1);
    const auto invitation = invitation_of(2);
    lamp_ = product("Lamp");
    auto chair = product("Chair");
    step([&](WriteTx& tx) { tx.start_session({.actor = bob_.id}, {.session = session}); });
    step([&](WriteTx& tx) { EXPECT_TRUE(tx.create_product(by_ada, lamp_)); });
    step([&](WriteTx& tx) { EXPECT_TRUE(tx.create_product({.actor = bob_.id}, chair)); });
    step([&](WriteTx& tx) { tx.add_api_key(by_ada, key); });
    auto sold = lamp_;
    sold.stock = 4;
    step([&](WriteTx& tx) { EXPECT_TRUE(tx.update_product({.actor = bob_.id}, "product.stock", lamp_, sold)); });
    step([&](WriteTx& tx) { tx.add_invitation(by_ada, invitation); });
    auto dear = sold;
    dear.price = Money{1};
    step([&](WriteTx& tx) { EXPECT_TRUE(tx.update_product(by_ada, "product.update", sold, dear)); });
    step([&](WriteTx& tx) { tx.end_session({.reason = "gone"}, session.id); });
    step([&](WriteTx& tx) { EXPECT_TRUE(tx.delete_product(by_ada, chair)); });
    bob_.name = "Bob";
    step([&](WriteTx& tx) { tx.update_user(by_ada, "user.update", bob_); });
    step([&](WriteTx& tx) { tx.revoke_api_key(by_ada, key, tx.now()); });
    step([&](WriteTx& tx) { EXPECT_TRUE(tx.remove_invitation(act_, invitation, "invitation.accept", bob_.id)); });
    chair_ = chair.id;
    session_ = session.id;
    key_ = key.id;
  }

  std::vector<model::Change> find(model::ChangeQuery query, std::size_t limit) {
    std::vector<model::Change> found;
    query.limit = limit;
    for (int pages = 0;; ++pages) {
      const auto page = store().read()->find_changes(query);
      EXPECT_LE(page.changes.size(), limit);
      found.insert(found.end(), page.changes.begin(), page.changes.end());
      if (!page.next_below || pages > 1000) return found;
      query.below = page.next_below;
    }
  }
  static std::string text(const std::vector<model::Change>& changes) {
    std::string out;
    for (const auto& each : changes) out += std::to_string(each.number) + ' ';
    return out;
  }

  model::User ada_, bob_;
  model::Product lamp_;
  ProductId chair_;
  SessionId session_;
  ApiKeyId key_;
};

}  // namespace integrity::store
