// Sessions that are refreshed, and the roles of accounts.
#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

using model::RecordKind;
using model::Role;
using namespace std::chrono_literals;

TEST_P(StoreContract, ASessionIsStoredWithAllThatItHas) {
  const auto ada = given_user("ada");
  model::SessionRecord record{.session = session_of(ada)};
  record.session.factor = model::SecondFactor::recovery;
  record.session.proven_at = clock_.now();
  record.device = {.address = "192.0.2.7", .user_agent = "curl/8 \xE2\x82\xAC"};
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, record);
    EXPECT_EQ(tx.session(record.session.id), record.session);
    EXPECT_EQ(tx.sessions_of(ada.id), std::vector{record});
    return true;
  });
  EXPECT_EQ(store().session(record.session.id), record.session);
  EXPECT_EQ(store().read()->session(record.session.id), record.session);
  EXPECT_EQ(store().read()->sessions_of(ada.id), std::vector{record});
  EXPECT_TRUE(store().read()->sessions_of(given_user("bob").id).empty());
  open();
  EXPECT_EQ(store().session(record.session.id), record.session);
  EXPECT_EQ(store().read()->sessions_of(ada.id), std::vector{record});
}

TEST_P(StoreContract, ARefreshStoresTheWholeSessionAndNoChange) {
  const auto ada = given_user("ada");
  const model::SessionRecord begun{.session = session_of(ada), .device = {.address = "192.0.2.7"}};
  const model::SessionRecord other{.session = session_of(ada)};
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, begun);
    tx.start_session(act_, other);
    return true;
  });
  const auto number = store().read()->last_change_number();
  auto refreshed = begun;
  clock_.move(5min);
  refreshed.session.generation = 7;
  refreshed.session.refreshed_at = clock_.now();
  refreshed.session.expires_at = clock_.now() + 30min;
  const auto refresh = [&](const std::optional<model::Device>& device) {
    given([&](WriteTx& tx) -> Result<bool> {
      tx.update_session(refreshed.session, device);
      EXPECT_EQ(tx.session(refreshed.session.id), refreshed.session);
      return true;
    });
    EXPECT_EQ(store().session(refreshed.session.id), refreshed.session);
  };
  refresh({});
  refreshed.session.proven_at = clock_.now();
  refreshed.session.generation = 8;
  refreshed.device = {.address = "2001:db8::1", .user_agent = "Firefox"};
  refresh(refreshed.device);
  refreshed.device.user_agent.reset();
  refresh(refreshed.device);
  const auto expect_stored = [&] {
    auto sessions = store().read()->sessions_of(ada.id);
    ASSERT_EQ(sessions.size(), 2U);
    if (sessions[0].session.id == other.session.id) std::swap(sessions[0], sessions[1]);
    EXPECT_EQ(sessions[0], refreshed);
    EXPECT_EQ(sessions[1], other);
  };
  expect_stored();
  EXPECT_EQ(store().read()->last_change_number(), number);
  open();
  EXPECT_EQ(store().session(refreshed.session.id), refreshed.session);
  expect_stored();
}

TEST_P(StoreContract, ASessionThatHasEndedCannotBeRefreshed) {
  const auto session = session_of(given_user("ada"));
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = session});
    tx.end_session(act_, session.id);
    return true;
  });
  const auto refreshed = store().write([&](WriteTx& tx) -> Result<bool> {
    tx.update_session(session);
    return true;
  });
  ASSERT_FALSE(refreshed);
  EXPECT_EQ(refreshed.error().code, Code::internal);
  EXPECT_FALSE(store().session(session.id));
}

TEST_P(StoreContract, AnUndoneRefreshLeavesTheSessionAsItWas) {
  const auto session = session_of(given_user("ada"));
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = session});
    return true;
  });
  EXPECT_FALSE(store().write([&](WriteTx& tx) -> Result<bool> {
    auto refreshed = session;
    refreshed.generation = 1;
    tx.update_session(refreshed);
    return Error{Code::internal};
  }));
  EXPECT_EQ(store().session(session.id), session);
  EXPECT_EQ(store().read()->session(session.id), session);
}

// By its end, or because it was used by a clock that was ahead.
TEST_P(StoreContract, SessionsEndWithTheirTimeAlsoLongOnes) {
  const auto ada = given_user("ada");
  auto day = session_of(ada), ahead = session_of(ada);
  day.expires_at = clock_.now() + 24h;
  ahead.created_at = clock_.now() + 2h;
  ahead.expires_at = clock_.now() + 26h;
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = day});
    tx.start_session(act_, {.session = ahead});
    EXPECT_TRUE(tx.role_alive(day.id));
    EXPECT_FALSE(tx.role_alive(ahead.id));
    return true;
  });
  EXPECT_TRUE(store().session(day.id));
  EXPECT_FALSE(store().session(ahead.id));
  const auto clean = [&] {
    return *store().write(
        [&](WriteTx& tx) -> Result<std::size_t> { return tx.remove_expired_sessions(clock_.now(), 9); });
  };
  EXPECT_EQ(clean(), 1U);
  clock_.move(24h - 1ms);
  EXPECT_TRUE(store().session(day.id));
  EXPECT_EQ(clean(), 0U);
  clock_.move(1ms);
  EXPECT_FALSE(store().session(day.id));
  EXPECT_EQ(clean(), 1U);
}

TEST_P(StoreContract, ARoleReachesTheSessionsAndKeysOfItsAccount) {
  auto ada = given_user("ada");
  const auto bob = given_user("bob");
  const auto hers = session_of(ada), his = session_of(bob);
  const auto key = key_of(ada, 1), revoked = key_of(ada, 2), others = key_of(bob, 3);
  given([&](WriteTx& tx) -> Result<bool> {
    auto wrong = hers;
    wrong.role = Role::admin;  // the store knows better
    tx.start_session(act_, {.session = wrong});
    tx.start_session(act_, {.session = his});
    for (auto each : {key, revoked, others}) {
      each.role = Role::admin;
      tx.add_api_key(act_, each);
    }
    tx.revoke_api_key(act_, revoked, tx.now());
    return true;
  });
  EXPECT_EQ(store().session(hers.id)->role, Role::editor);
  EXPECT_EQ(store().api_key(key.hash)->role, Role::editor);
  const auto change = [&](const char* op) {
    given([&](WriteTx& tx) -> Result<bool> {
      tx.update_user(act_, op, ada);
      EXPECT_EQ(tx.role_alive(key.hash).has_value(), ada.state == model::UserState::active);
      return true;
    });
  };
  const auto expect_role = [&](Role role) {
    EXPECT_EQ(store().session(hers.id)->role, role);
    EXPECT_EQ(store().read()->session(hers.id)->role, role);
    EXPECT_EQ(store().api_key(key.hash)->role, role);
    EXPECT_EQ(store().read()->api_key(key.id)->role, role);
    EXPECT_EQ(store().session(his.id)->role, Role::editor);
    EXPECT_EQ(store().api_key(others.hash)->role, Role::editor);
  };
  ada.role = Role::auditor;
  change("user.role");
  expect_role(Role::auditor);
  open();
  expect_role(Role::auditor);
  ada.name = "Ada";
  change("user.update");
  expect_role(Role::auditor);

  ada.state = model::UserState::disabled;
  change("user.disable");
  EXPECT_FALSE(store().session(hers.id));
  EXPECT_EQ(store().api_key(key.hash), nullptr);
  EXPECT_TRUE(store().api_key(others.hash));
  ada.role = Role::clerk;  // while it is disabled
  change("user.role");
  EXPECT_EQ(store().api_key(key.hash), nullptr);
  open();
  EXPECT_EQ(store().api_key(key.hash), nullptr);
  ada.state = model::UserState::active;
  change("user.enable");
  ASSERT_TRUE(store().api_key(key.hash));
  EXPECT_EQ(store().api_key(key.hash)->role, Role::clerk);
  EXPECT_EQ(store().api_key(revoked.hash), nullptr);
  EXPECT_FALSE(store().read()->api_key(revoked.id)->role == Role::clerk) << "a revoked key is left alone";
}

TEST_P(StoreContract, AnUndoneRoleReachesNobody) {
  auto ada = given_user("ada");
  const auto session = session_of(ada);
  const auto key = key_of(ada, 1);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = session});
    tx.add_api_key(act_, key);
    return true;
  });
  EXPECT_FALSE(store().write([&](WriteTx& tx) -> Result<bool> {
    auto changed = ada;
    changed.role = Role::admin;
    tx.update_user(act_, "user.role", changed);
    return Error{Code::internal};
  }));
  EXPECT_EQ(store().session(session.id)->role, Role::editor);
  EXPECT_EQ(store().api_key(key.hash)->role, Role::editor);
}

TEST_P(StoreContract, AnAccountIsStoredWithAllThatItHas) {
  auto ada = given_user("ada");
  ada.role = Role::admin;
  ada.confirmed_at = clock_.now();
  ada.public_version = 5;
  ada.reset = model::Reset{.at = clock_.now(), .by = ada.id, .factor = true, .token_hash = digest(1)};
  ada.reset->expires_at = clock_.now() + 24h;
  auto eve = pending("eve");
  eve.invitation = InvitationId{ada.id.bytes};
  given([&](WriteTx& tx) -> Result<bool> {
    tx.update_user(act_, "user.reset", ada);
    INTEGRITY_CHECK(tx.add_pending_user(eve));
    tx.set_last_login(ada.id, clock_.now() + 1s);
    return true;
  });
  const auto expect_stored = [&] {
    const auto user = *store().read()->user(ada.id);
    EXPECT_EQ(user.role, ada.role);
    EXPECT_EQ(user.confirmed_at, ada.confirmed_at);
    EXPECT_EQ(user.public_version, 5);
    EXPECT_EQ(user.version, ada.version) << "a login is no change";
    EXPECT_EQ(user.reset, ada.reset);
    EXPECT_EQ(user.last_login_at, clock_.now() + 1s);
    EXPECT_EQ(store().read()->user(eve.id)->invitation, eve.invitation);
    EXPECT_FALSE(store().read()->user(eve.id)->role);
    EXPECT_FALSE(store().read()->user(eve.id)->reset);
  };
  expect_stored();
  open();
  expect_stored();
  ada = *store().read()->user(ada.id);
  ada.reset->token_hash.reset();
  ada.reset->by.reset();
  given([&](WriteTx& tx) -> Result<bool> {
    tx.update_user(act_, "user.password_reset", ada);
    return true;
  });
  EXPECT_EQ(store().read()->user(ada.id)->reset, ada.reset);
  ada.reset.reset();
  given([&](WriteTx& tx) -> Result<bool> {
    tx.update_user(act_, "user.update", ada);
    return true;
  });
  EXPECT_EQ(store().read()->user(ada.id)->reset, std::nullopt);
}

TEST_P(StoreContract, AFactorInTheHistoryIsWhatAResetLeft) {
  auto ada = given_user("ada");
  const auto factor_after = [&](const char* op) {
    given([&](WriteTx& tx) -> Result<bool> {
      tx.update_user(act_, op, ada);
      return true;
    });
    const auto after = history(RecordKind::user, record_id(ada.id))[0].after;
    const auto at = after.find(R"("factor":")") + 10;
    return after.substr(at, after.find('"', at) - at);
  };
  EXPECT_EQ(factor_after("user.update"), "active");
  ada.totp_secret.clear();
  ada.totp_confirmed_at.reset();
  ada.enrol_until = clock_.now() + 1h;
  EXPECT_EQ(factor_after("user.reset"), "enrol");
  clock_.move(1h);
  EXPECT_EQ(factor_after("user.update"), "none");
}

TEST_P(StoreContract, KnowsWhetherThereIsAnAdminAndAConfirmedAccount) {
  const auto expect = [&](bool confirmed, std::size_t admins) {
    EXPECT_EQ(store().read()->any_account_confirmed(), confirmed);
    EXPECT_EQ(store().read()->active_admins(), admins);
  };
  const auto waiting = given_pending("eve");
  expect(false, 0);
  auto ada = confirmed(waiting);
  const auto change = [&] {
    given([&](WriteTx& tx) -> Result<bool> {
      tx.update_user(act_, "user.update", ada);
      return true;
    });
  };
  ada.confirmed_at.reset();
  ada.role = Role::admin;
  change();
  expect(false, 0);
  ada.confirmed_at = clock_.now();
  change();
  expect(true, 1);
  auto bob = given_user("bob");
  expect(true, 1);
  given([&](WriteTx& tx) -> Result<bool> {
    bob.role = Role::admin;
    tx.update_user(act_, "user.role", bob);
    EXPECT_EQ(tx.active_admins(), 2U);
    EXPECT_TRUE(tx.any_account_confirmed());
    return true;
  });
  expect(true, 2);
  ada.state = model::UserState::disabled;
  change();
  expect(true, 1);
}

TEST_P(StoreContract, AccountsComeInPagesByName) {
  for (const char* name : {"cid", "Ada", "bob", "Dora"}) given_pending(name);
  std::string names;
  for (std::string after;;) {
    const auto page = store().read()->users_after(after, 3);
    for (const auto& each : page) names += each.username + ' ';
    names += "| ";
    if (page.empty()) break;
    after = page.back().username;
    for (char& c : after) c = static_cast<char>(std::tolower(c));
  }
  EXPECT_EQ(names, "Ada bob cid | Dora | | ");
  EXPECT_TRUE(store().read()->users_after("", 0).empty());
}

}  // namespace
}  // namespace integrity::store
