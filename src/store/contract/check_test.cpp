// A check finds nothing in what the program wrote, and names whatever is altered.
#include "store/contract/check_contract.hpp"

#include "store/members.hpp"

namespace integrity::store {
namespace {

TEST_P(StoreCheck, NothingIsFoundInWhatTheProgramWrote) {
  for (int round = 0; round < 2; ++round) {
    Findings found;
    check(*open_check(), found);
    EXPECT_EQ(found.text(), "") << (round == 0 ? "empty" : "filled");
    if (round == 0) fill();
  }
  EXPECT_EQ(findings([](Row&) { return true; }).text(), "") << "in parts";
  close();
  Findings found;
  check(*open_check(), found);
  EXPECT_EQ(found.text(), "") << "while nobody has it open";
}

TEST_P(StoreCheck, AProductThatIsNotItsLastChangeIsNamed) {
  fill();
  const auto id = products_[2].id;  // the one with two changes
  const auto altered = [&](auto change) {
    return findings_where<SequencedProduct>([&](SequencedProduct& row) {
      if (row.product.id == id) change(row);
      return true;
    });
  };
  const auto name = product_name(products_[2]);
  EXPECT_TRUE(altered([](auto& row) { ++row.product.stock; }).has(name + ": is not what its last change says"));
  EXPECT_TRUE(altered([](auto& row) { row.product.name += '!'; }).has(name + ": is not what its last change says"));
  EXPECT_TRUE(altered([](auto& row) { row.product.sku = "X"; }).has(name + ": is not what its last change says"));
  EXPECT_TRUE(altered([](auto& row) {
                ++row.product.version;
              }).has(name + ": is at version 3, and its history ends with version 2"));
  EXPECT_TRUE(altered([](auto& row) { row.sequence += std::int64_t{1} << 40; }).has(name + ": its sequence number"));
}

TEST_P(StoreCheck, RecordsWithoutHistoryAndHistoriesWithoutRecordAreNamed) {
  fill();
  const auto product = record_id(products_[2].id);
  const auto no_changes = findings_where<model::Change>([&](auto& change) { return change.record != product; });
  EXPECT_TRUE(no_changes.has(product_name(products_[2]) + ": has no change in the history")) << no_changes.text();
  EXPECT_TRUE(no_changes.has("is missing in the history"));

  const auto no_product =
      findings_where<SequencedProduct>([&](auto& row) { return record_id(row.product.id) != product; });
  EXPECT_EQ(no_product.text(), product_name(products_[2]) + ": is missing: it has a history that does not end\n");
  const auto no_key = findings_where<model::ApiKey>([&](auto& key) { return key.id != key_.id; });
  EXPECT_TRUE(no_key.has(key_name() + ": is missing"));

  const auto again = product_name(products_[1]);  // was deleted
  const auto deleted = findings_where<model::Change>(
      [&](auto& change) { return !(change.record == record_id(products_[1].id) && change.op == "product.delete"); });
  EXPECT_TRUE(deleted.has(again + ": is missing")) << deleted.text();
}

TEST_P(StoreCheck, HolesInTheHistoryAreNamed) {
  fill();
  const auto last = store().read()->last_change_number();
  const auto altered = [&](auto alter) { return findings_where<model::Change>(alter); };
  EXPECT_TRUE(altered([](auto& change) { return change.number != 7; }).has("change 7: is missing in the history\n"));
  EXPECT_TRUE(altered([](auto& change) {
                return change.number < 7 || change.number > 9;
              }).has("change 7: is missing in the history, and so is every change up to number 9"));
  EXPECT_TRUE(altered([](auto& change) {
                change.number -= change.number == 8 ? 1 : 0;
                return true;
              }).has("change 8: is missing"));
  EXPECT_TRUE(altered([&](auto& change) {
                return change.number != last;
              }).has("change " + std::to_string(last) + ": is missing at the end of the history"))
      << "on SQLite because the words are indexed up to there";
  EXPECT_TRUE(altered([&](auto& change) {
                if (change.number == last) change.at -= std::chrono::hours(1);
                return true;
              }).has("is of an earlier time than the change before it"));
  EXPECT_TRUE(altered([&](auto& change) {
                if (change.number == last) change.op = "product.paint";
                return true;
              }).has("has the unknown operation product.paint"));
  EXPECT_TRUE(altered([&](auto& change) {
                if (change.number == last) ++change.revision;
                return true;
              })
                  .has(product_name(products_[2]) + ": its history has revision 3 (change " + std::to_string(last) +
                       ") where revision 2 belongs"));
}

TEST_P(StoreCheck, WhatBelongsToNobodyIsNamed) {
  fill();
  const auto found = findings_where<model::User>([&](auto& user) { return user.id != ada_.id; });
  const auto nobody = ": names account " + ada_.id.hex() + " as its ";
  for (const auto& name : {session_name(), key_name()}) {
    EXPECT_TRUE(found.has(name + nobody + "owner, which does not exist")) << name << '\n' << found.text();
  }
  for (const std::string what : {"code counters", "recovery codes", "challenge", "stored response"}) {
    EXPECT_TRUE(found.has(what + " of " + ada_name() + ": there is no such account")) << what << '\n' << found.text();
  }
  EXPECT_TRUE(found.has(ada_name() + ": is missing"));
  EXPECT_TRUE(found.has(product_name(products_[2]) + nobody + "actor, which does not exist"));
  const auto other = findings_where<model::ApiKey>([&](auto& key) { return key.id != key_.id; });
  EXPECT_TRUE(other.has("was made with key " + key_.id.hex() + ", and there is no such key"));
  const auto invitation = findings_where<model::Invitation>([&](auto& each) {
    each.created_by = UserId{{9}};
    return true;
  });
  EXPECT_TRUE(invitation.has(about(model::RecordKind::invitation, invitation_.id.hex()) + ": names account "));
}

TEST_P(StoreCheck, AccountsAreWhatTheirLastChangeSays) {
  fill();
  const auto altered = [&](auto change) {
    return findings_where<model::User>([&](model::User& user) {
      if (user.id == ada_.id) change(user);
      return true;
    });
  };
  const auto differs = ada_name() + ": is not what its last change says";
  const auto promoted = altered([](auto& user) { user.role = model::Role::admin; });
  EXPECT_TRUE(promoted.has(differs));
  EXPECT_TRUE(promoted.has(session_name() + ": has the role editor, its account another one"));
  EXPECT_TRUE(promoted.has(key_name() + ": does not have the role of its account"));
  EXPECT_TRUE(altered([](auto& user) { user.username = "eve"; }).has(differs));
  EXPECT_TRUE(altered([](auto& user) { user.totp_confirmed_at.reset(); }).has(differs));
  const auto disabled = altered([](auto& user) { user.state = model::UserState::disabled; });
  EXPECT_TRUE(disabled.has(differs));
  EXPECT_TRUE(disabled.has(session_name() + ": its account " + ada_.id.hex() + " is not active"));
  EXPECT_TRUE(altered([](auto& user) { ++user.version; }).has(ada_name() + ": is at version 3"));
  EXPECT_TRUE(
      altered([](auto& user) { user.totp_secret.clear(); }).has(ada_name() + ": has a confirmed authenticator"));
  EXPECT_TRUE(altered([](auto& user) {
                user.state = model::UserState::pending;
              }).has(ada_name() + ": is pending and has a history"));
  // These change without a change in the history, or are secrets that are not in it.
  EXPECT_EQ(altered([](auto& user) {
              user.last_login_at = Time(Millis(5));
              user.password_hash = "*";
            }).text(),
            "");
}

TEST_P(StoreCheck, SessionsKeysAndInvitationsAreWhatTheirChangesSay) {
  fill();
  const auto session = [&](auto change) {
    return findings_where<model::SessionRecord>([&](auto& row) {
      change(row.session);
      return true;
    });
  };
  const auto of_session = session_name() + ": is not what its last change says";
  EXPECT_TRUE(session([](auto& each) { each.created_at += Millis(1); }).has(of_session));
  EXPECT_TRUE(session([](auto& each) { each.factor = model::SecondFactor::recovery; }).has(of_session));
  EXPECT_EQ(session([](auto& each) { each.expires_at += Millis(1); }).text(), "") << "a refresh does that";
  EXPECT_TRUE(session([](auto& each) {
                each.expires_at += Millis(1);
                each.refreshed_at.reset();
              }).has(of_session));
  const auto key = [&](auto change) {
    return findings_where<model::ApiKey>([&](auto& each) {
      if (each.id == key_.id) change(each);
      return true;
    });
  };
  const auto of_key = key_name() + ": is not what its last change says";
  EXPECT_TRUE(key([](auto& each) { each.scopes.add(model::Scope::products_write); }).has(of_key));
  EXPECT_TRUE(key([](auto& each) { each.addresses.clear(); }).has(of_key));
  EXPECT_TRUE(key([](auto& each) { each.revoked_at = Time(); }).has(key_name() + ": is at version 2"));
  EXPECT_EQ(key([](auto& each) { each.last_used_at = Time(Millis(5)); }).text(), "");
  const auto revived = findings_where<model::ApiKey>([&](auto& each) {
    each.revoked_at.reset();
    return true;
  });
  EXPECT_TRUE(revived.has(": is at version 1, and its history ends with version 2"));
  const auto invitation = findings_where<model::Invitation>([](auto& each) {
    each.role = model::Role::admin;
    return true;
  });
  EXPECT_TRUE(invitation.has(about(model::RecordKind::invitation, invitation_.id.hex()) + ": is not what"));
}

// A session that ended, or an invitation that was spent, must not come back.
TEST_P(StoreCheck, WhatHasEndedIsNotThere) {
  fill();
  const auto session = findings_where<model::Change>([&](auto& change) {
    if (change.record == record_id(session_.session.id)) change.after.clear();
    return true;
  });
  EXPECT_TRUE(session.has(session_name() + ": exists, although its last change removed it"));
  // Without a change it may have expired.
  EXPECT_EQ(findings_where<model::SessionRecord>([](auto&) { return false; }).text(), "");
  EXPECT_EQ(findings_where<model::Invitation>([](auto&) { return false; }).text(), "");
}

// What a program before roles recorded of an account and of a session.
TEST_P(StoreCheck, WhatAnOlderProgramRecordedIsCompared) {
  fill();
  const auto of_older = [&](const std::string& username) {
    return findings_where<model::Change>([&](auto& change) {
      if (change.record != record_id(ada_.id)) return true;
      change.after = R"({"id":")" + ada_.id.hex() + R"(","username":")" + username +
                     R"(","name":null,"state":"active","password_version":1,"factor":true})";
      return true;
    });
  };
  EXPECT_EQ(of_older("ada").text(), "");
  EXPECT_TRUE(of_older("eve").has(ada_name() + ": is not what its last change says"));
  const auto damaged = findings_where<model::Change>([&](auto& change) {
    if (change.record == record_id(ada_.id)) change.after = "{\"id\":";
    return true;
  });
  EXPECT_TRUE(damaged.has(ada_name() + ": is not what its last change says"));
}

}  // namespace
}  // namespace integrity::store
