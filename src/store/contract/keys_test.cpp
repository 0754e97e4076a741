// Keys for programs, and invitations.
#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

using model::RecordKind;
using namespace std::chrono_literals;

TEST_P(StoreContract, AKeyLivesUntilItIsRevokedOrExpires) {
  const auto ada = given_user("ada");
  auto key = key_of(ada, 1);
  key.scopes = {model::Scope::products_read, model::Scope::changes_read};
  key.addresses = {"192.0.2.0/24", "2001:db8::/32"};
  key.expires_at = clock_.now() + 90min;
  const auto forever = key_of(ada, 2);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.add_api_key(act_, key);
    tx.add_api_key(act_, forever);
    EXPECT_EQ(tx.api_key(key.id), key);
    EXPECT_TRUE(tx.role_alive(key.hash));
    EXPECT_FALSE(tx.role_alive(digest(99)));
    return true;
  });
  const auto expect_both = [&] {
    ASSERT_TRUE(store().api_key(key.hash));
    EXPECT_EQ(*store().api_key(key.hash), key);
    EXPECT_EQ(*store().api_key(forever.hash), forever);
    EXPECT_EQ(store().api_key(digest(99)), nullptr);
    EXPECT_EQ(store().read()->api_key(key.id), key);
    EXPECT_EQ(store().read()->usable_api_keys(ada.id, clock_.now()).size(), 2U);
    EXPECT_EQ(store().read()->api_keys().size(), 2U);
  };
  expect_both();
  open();
  expect_both();
  const auto made = history(RecordKind::key, record_id(key.id));
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].op, "key.create");
  EXPECT_EQ(made[0].account, ada.id);
  EXPECT_EQ(made[0].after, R"({"id":")" + key.id.hex() + R"(","user":")" + ada.id.hex() +
                               R"(","name":"Backup","scopes":["products:read","changes:read"],)"
                               R"("addresses":["192.0.2.0/24","2001:db8::/32"],)"
                               R"("created_at":"2027-01-15T08:00:00.000Z","expires_at":"2027-01-15T09:30:00.000Z"})");
  EXPECT_NE(history(RecordKind::key, record_id(forever.id))[0].after.find(R"("addresses":null)"), std::string::npos);

  clock_.move(90min);
  EXPECT_EQ(store().api_key(key.hash), nullptr) << "expired";
  EXPECT_TRUE(store().read()->api_key(key.id));
  EXPECT_EQ(store().read()->usable_api_keys(ada.id, clock_.now()), std::vector{forever});
  EXPECT_EQ(store().read()->count_usable_api_keys(ada.id, clock_.now()), 1U);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.revoke_api_key(act_, forever, tx.now());
    EXPECT_FALSE(tx.role_alive(forever.hash));
    return true;
  });
  EXPECT_EQ(store().api_key(forever.hash), nullptr);
  EXPECT_EQ(store().read()->count_usable_api_keys(ada.id, clock_.now()), 0U);
  EXPECT_EQ(store().read()->api_key(forever.id)->revoked_at, clock_.now());
  const auto revoked = history(RecordKind::key, record_id(forever.id));
  ASSERT_EQ(revoked.size(), 2U);
  EXPECT_EQ(revoked[0].op, "key.revoke");
  EXPECT_EQ(revoked[0].revision, 2);
  EXPECT_EQ(revoked[0].after, "");
  open();
  EXPECT_EQ(store().api_key(forever.hash), nullptr);
  const auto again = store().write([&](WriteTx& tx) -> Result<bool> {
    tx.revoke_api_key(act_, forever, tx.now());
    return true;
  });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::internal);
}

TEST_P(StoreContract, NothingIsWrittenForAKeyThatWasRevoked) {
  const auto key = key_of(given_user("ada"), 1);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.add_api_key(act_, key);
    return true;
  });
  const auto write = [&]() -> std::string {
    const auto made = product();
    const auto done = store().write(Origin{.key = key.hash}, [&](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product({.key = key.id, .proof = model::Attribution::Proof::key}, made));
      return true;
    });
    if (!done) return done.error().detail;
    EXPECT_EQ(history(made)[0].attribution.key, key.id);
    EXPECT_EQ(history(made)[0].attribution.proof, model::Attribution::Proof::key);
    return "written";
  };
  EXPECT_EQ(write(), "written");
  given([&](WriteTx& tx) -> Result<bool> {
    tx.revoke_api_key(act_, key, tx.now());
    return true;
  });
  EXPECT_EQ(write(), key_not_accepted().detail);
}

TEST_P(StoreContract, TheLastUseOfAKeyOnlyGrows) {
  const auto ada = given_user("ada");
  const auto one = key_of(ada, 1), two = key_of(ada, 2);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.add_api_key(act_, one);
    tx.add_api_key(act_, two);
    return true;
  });
  const auto number = store().read()->last_change_number();
  const auto used = [&](std::vector<std::pair<ApiKeyId, Time>> times) {
    given([&](WriteTx& tx) -> Result<bool> {
      tx.set_api_keys_used(times);
      return true;
    });
  };
  const Time now = clock_.now();
  used({{one.id, now}, {two.id, now + 1min}, {ApiKeyId{}, now}});
  used({{one.id, now + 1s}, {two.id, now}});
  used({});
  EXPECT_EQ(store().read()->api_key(one.id)->last_used_at, now + 1s);
  EXPECT_EQ(store().read()->api_key(two.id)->last_used_at, now + 1min);
  EXPECT_EQ(store().read()->last_change_number(), number);
}

TEST_P(StoreContract, AnInvitationIsSpentOnce) {
  auto invitation = invitation_of(1);
  invitation.name = "Eve";
  invitation.created_by = given_user("ada").id;
  given([&](WriteTx& tx) -> Result<bool> {
    tx.add_invitation(act_, invitation);
    return true;
  });
  EXPECT_EQ(store().read()->invitation(invitation.id), invitation);
  EXPECT_EQ(store().read()->invitation(invitation.token_hash), invitation);
  EXPECT_FALSE(store().read()->invitation(digest(99)));
  const auto eve = given_user("eve").id;
  EXPECT_EQ(race([&](int) {
              return *store().write([&](WriteTx& tx) -> Result<bool> {
                return tx.remove_invitation(act_, invitation, "invitation.accept", eve);
              });
            }),
            1);
  EXPECT_FALSE(store().read()->invitation(invitation.id));
  const auto changes = history(RecordKind::invitation, record_id(invitation.id));
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].op, "invitation.accept");
  EXPECT_EQ(changes[0].account, eve);
  EXPECT_EQ(changes[0].after, "");
  EXPECT_EQ(changes[1].op, "invitation.create");
  EXPECT_EQ(changes[1].account, invitation.created_by);
  EXPECT_EQ(changes[1].after, R"({"id":")" + invitation.id.hex() + R"(","role":"viewer","name":"Eve","created_by":")" +
                                  invitation.created_by->hex() +
                                  R"(","created_at":"2027-01-15T08:00:00.000Z",)"
                                  R"("expires_at":"2027-01-22T08:00:00.000Z"})");
}

TEST_P(StoreContract, InvitationsComeNewestFirstInPages) {
  std::vector<model::Invitation> all;
  for (std::uint8_t i = 0; i < 9; ++i) {
    all.push_back(invitation_of(i));
    if (i % 3 == 2) clock_.move(1s);
  }
  given([&](WriteTx& tx) -> Result<bool> {
    for (const auto& each : all) tx.add_invitation(act_, each);
    return true;
  });
  std::reverse(all.begin(), all.end());
  std::vector<model::Invitation> read;
  for (std::optional<InvitationId> below;;) {
    const auto page = store().read()->invitations(below, 2);
    read.insert(read.end(), page.begin(), page.end());
    if (page.empty()) break;
    below = page.back().id;
  }
  EXPECT_EQ(read, all);
  EXPECT_TRUE(store().read()->invitations({}, 0).empty());
  EXPECT_EQ(store().read()->invitations_open(clock_.now()), 9U);
  EXPECT_EQ(store().read()->invitations_open(all[3].expires_at), 3U);
  const auto number = store().read()->last_change_number();
  const auto clean = [&](Time at) {
    return *store().write([&](WriteTx& tx) -> Result<std::size_t> { return tx.remove_expired_invitations(at, 5); });
  };
  EXPECT_EQ(clean(clock_.now()), 0U);
  EXPECT_EQ(clean(all[3].expires_at), 5U);
  EXPECT_EQ(clean(all[3].expires_at), 1U);
  EXPECT_EQ(store().read()->invitations({}, 100).size(), 3U);
  EXPECT_EQ(store().read()->last_change_number(), number);
}

// One that was deleted since the page before ended with it.
TEST_P(StoreContract, ThePageAfterADeletedInvitationGoesOn) {
  auto older = invitation_of(1), newer = invitation_of(2);
  clock_.move(10s);
  newer.created_at = clock_.now();
  newer.id.bytes[0] = static_cast<std::uint8_t>(to_seconds(clock_.now()) >> 24);
  newer.id.bytes[1] = static_cast<std::uint8_t>(to_seconds(clock_.now()) >> 16);
  newer.id.bytes[2] = static_cast<std::uint8_t>(to_seconds(clock_.now()) >> 8);
  newer.id.bytes[3] = static_cast<std::uint8_t>(to_seconds(clock_.now()));
  given([&](WriteTx& tx) -> Result<bool> {
    tx.add_invitation(act_, older);
    tx.add_invitation(act_, newer);
    EXPECT_TRUE(tx.remove_invitation(act_, newer, "invitation.delete"));
    EXPECT_FALSE(tx.remove_invitation(act_, newer, "invitation.delete"));
    return true;
  });
  EXPECT_EQ(store().read()->invitations(newer.id, 10), std::vector{older});
}

}  // namespace
}  // namespace integrity::store
