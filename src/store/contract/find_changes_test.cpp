// Changes of all records, by account, kind, actor, record and time.
#include "store/contract/find_changes_contract.hpp"

namespace integrity::store {
namespace {

using model::Change;
using model::ChangeQuery;
using model::RecordKind;
using namespace std::chrono_literals;

TEST_P(FindChanges, AreAllThatFitNewestFirst) {
  fill();
  const auto all = find({}, 1000);
  ASSERT_EQ(all.size(), 14U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].number, 14 - static_cast<std::int64_t>(i));
  std::vector<std::optional<RecordId>> records{std::nullopt,          record_id(lamp_.id), record_id(chair_),
                                               record_id(session_),   record_id(ada_.id),  record_id(key_),
                                               RecordId{{9, 9, 9, 9}}};
  std::vector<std::optional<UserId>> users{std::nullopt, ada_.id, bob_.id, UserId{{9}}};
  std::vector<std::optional<RecordKind>> kinds{std::nullopt,        RecordKind::user, RecordKind::session,
                                               RecordKind::product, RecordKind::key,  RecordKind::invitation,
                                               RecordKind::store};
  int tried = 0;
  for (const auto& record : records) {
    for (const auto& account : users) {
      for (const auto& actor : users) {
        for (const auto& kind : kinds) {
          const ChangeQuery query{.account = account, .kind = kind, .actor = actor, .record = record};
          std::vector<Change> wanted;
          for (const auto& each : all) {
            if ((!record || each.record == *record) && (!account || each.account == *account) &&
                (!actor || each.attribution.actor == *actor) && (!kind || each.kind == *kind)) {
              wanted.push_back(each);
            }
          }
          EXPECT_EQ(text(find(query, 1000)), text(wanted));
          if (++tried % 5 != 0) continue;
          EXPECT_EQ(text(find(query, 2)), text(wanted));
        }
      }
    }
  }
}

TEST_P(FindChanges, BelongToAnAccount) {
  fill();
  std::string ops;
  for (const auto& each : find({.account = bob_.id}, 100)) ops += each.op + ' ';
  EXPECT_EQ(ops, "invitation.accept user.update session.end session.start user.confirm ");
  EXPECT_FALSE(find({.record = record_id(lamp_.id)}, 1)[0].account);
}

TEST_P(FindChanges, HaveWhatTheyReplaced) {
  fill();
  for (const auto& each : find({}, 1000)) {
    const auto older = store().read()->changes(each.kind, each.record, each.revision, 1);
    const auto same = store().read()->changes(each.kind, each.record, each.revision + 1, 1);
    ASSERT_EQ(same.size(), 1U);
    EXPECT_EQ(each.before, older.empty() ? "" : older[0].after) << each.op;
    EXPECT_EQ(each.after, same[0].after) << each.op;
    EXPECT_EQ(each.before.empty(), each.revision == 1) << each.op;
  }
  EXPECT_EQ(find({.kind = RecordKind::session}, 1)[0].attribution.reason, "gone");
}

TEST_P(FindChanges, HaveTimesFromSinceToUntil) {
  fill();
  const auto all = find({}, 1000);
  for (std::size_t from = 0; from < all.size(); from += 3) {
    for (const Millis off : {-1ms, 0ms, 1ms}) {
      for (std::size_t to = 0; to < all.size(); to += 4) {
        const ChangeQuery query{.since = all[from].at + off, .until = all[to].at + off};
        std::vector<Change> wanted;
        for (const auto& each : all) {
          if (each.at >= *query.since && each.at < *query.until) wanted.push_back(each);
        }
        EXPECT_EQ(text(find(query, 3)), text(wanted)) << from << ' ' << to;
      }
    }
  }
  EXPECT_EQ(text(find({.since = all.front().at + 1h}, 10)), "");
  EXPECT_EQ(find({.until = all.front().at + 1h}, 10).size(), all.size());
}

TEST_P(FindChanges, APageEndsWhereItHasEnoughBytesOrTime) {
  fill();
  const auto all = find({}, 1000);
  EXPECT_EQ(text(find({.bytes_max = 1}, 1000)), text(all));
  const auto page = store().read()->find_changes({.bytes_max = 1});
  ASSERT_EQ(page.changes.size(), 1U);
  EXPECT_EQ(page.next_below, all[0].number);
  const auto made = product("Many");
  given([&](WriteTx& tx) -> Result<bool> {
    INTEGRITY_CHECK(tx.create_product(act_, made));
    auto before = made;
    for (int i = 0; i < 4'200; ++i) {
      auto after = before;
      ++after.stock;
      INTEGRITY_CHECK(tx.update_product(act_, "product.stock", before, after));
      before = after;
    }
    return true;
  });
  EXPECT_EQ(text(find({.actor = ada_.id, .time_max = 0ms}, 1000)), text(find({.actor = ada_.id}, 1000)));
  EXPECT_TRUE(store().read()->find_changes({.actor = ada_.id, .time_max = 0ms}).next_below);
  EXPECT_EQ(find({.record = record_id(made.id)}, 500).size(), 4'201U);
}

TEST_P(FindChanges, AreSeenInTheTransactionThatMakesThem) {
  fill();
  given([&](WriteTx& tx) -> Result<bool> {
    const auto number = tx.last_change_number();
    INTEGRITY_CHECK(tx.create_product(act_, product("Desk")));
    const auto page = tx.find_changes({.limit = 1});
    EXPECT_EQ(page.changes.at(0).number, number + 1);
    EXPECT_EQ(page.next_below, number + 1);
    return true;
  });
}

}  // namespace
}  // namespace integrity::store
