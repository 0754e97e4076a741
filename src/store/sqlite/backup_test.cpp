#include "store/sqlite/backup.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "store/contract/store_contract.hpp"
#include "store/sqlite/check.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::store::sqlite {
namespace {

class SqliteBackup : public testing::Test {
 protected:
  std::unique_ptr<Store> open() { return open_sqlite({.file = file_, .clock = &clock_, .text = plain_text}); }
  // With it, 100 products have more pages than one step copies.
  static constexpr std::size_t kLong = 4000;

  static model::Product product(std::uint8_t number, std::size_t characters) {
    model::Product made;
    made.id.bytes.back() = number;
    made.name = "Lamp " + std::to_string(number);
    made.currency = "EUR";
    if (characters > 0) made.description.emplace();
    for (std::size_t i = 0; i < characters; ++i) *made.description += "\U0001F422";
    return made;
  }
  static void add(Store& store, std::uint8_t number, std::size_t characters = 0) {
    ASSERT_TRUE(store.write([&](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product({}, product(number, characters)));
      return true;
    }));
  }
  std::filesystem::path empty(const char* name) const {
    test::write_file(folder_ / name, "");
    return folder_ / name;
  }
  std::string refusal(const std::filesystem::path& file) const {
    try {
      check_database(file, {});
      return "accepted";
    } catch (const Unavailable& refused) {
      return refused.what();
    }
  }

  ManualClock clock_;
  const TempFolder folder_;
  const std::filesystem::path file_ = folder_ / "integrity.db", copy_ = empty("copy.db");
};

TEST_F(SqliteBackup, TellsWhenItsStateWasChosen) {
  const auto store = open();
  add(*store, 1);
  const Contents copied = copy_database(file_, copy_, {}, {.began = [&] { add(*store, 2); }});
  EXPECT_EQ(copied.last_change, 1) << "what is written from then on is not in it";
  EXPECT_EQ(copied.last_at, clock_.now());
  EXPECT_EQ(check_database(copy_, {}), copied);
}

// The thread gives its core away once for each pause.
TEST_F(SqliteBackup, PausesOnlyBesideClients) {
  const auto store = open();
  for (std::uint8_t i = 1; i <= 250; ++i) add(*store, i, kLong);
  const auto waits = [&](const char* to, bool beside_clients) {
    rusage before{}, after{};
    ::getrusage(RUSAGE_THREAD, &before);
    int steps = 0;
    const auto count = [&](std::string_view, std::uint64_t, std::uint64_t) { return ++steps > 0; };
    copy_database(file_, empty(to), count, {.beside_clients = beside_clients});
    ::getrusage(RUSAGE_THREAD, &after);
    return std::pair(after.ru_nvcsw - before.ru_nvcsw, steps);
  };
  const auto [alone, steps] = waits("alone.db", false);
  ASSERT_GT(steps, 3);
  const auto beside = waits("beside.db", true).first;
  EXPECT_GE(beside, alone + steps / 2) << alone << " alone, " << steps << " steps";
}

TEST_F(SqliteBackup, IsOneStateInAnOrdinaryFile) {
  const auto store = open();
  for (std::uint8_t i = 1; i <= 20; ++i) add(*store, i);
  const Contents copied = copy_database(file_, copy_, {});
  add(*store, 21);
  EXPECT_EQ(copied.last_change, 20);
  EXPECT_EQ(copied.rows.at("products"), 20);
  EXPECT_EQ(copied.version, newest_version);
  EXPECT_EQ(check_database(copy_, {}), copied);
  EXPECT_EQ(test::read_file(copy_).substr(18, 2), "\1\1") << "without a log";
  EXPECT_FALSE(std::filesystem::exists(copy_.string() + "-wal"));
}

TEST_F(SqliteBackup, DoesNotSeeWhatIsWrittenMeanwhile) {
  const auto store = open();
  for (std::uint8_t i = 1; i <= 100; ++i) add(*store, i, kLong);
  std::uint8_t next = 101;
  const Contents copied = copy_database(file_, copy_, [&](std::string_view, std::uint64_t, std::uint64_t) {
    add(*store, next++);
    return true;
  });
  EXPECT_GT(next, 101);
  EXPECT_EQ(copied.last_change, 100);
  EXPECT_EQ(check_database(copy_, {}), copied);
}

TEST_F(SqliteBackup, StopsWhereTheWatcherSaysSo) {
  {
    const auto store = open();
    for (std::uint8_t i = 1; i <= 250; ++i) add(*store, i, kLong);
  }
  const Watch stop = [](std::string_view, std::uint64_t, std::uint64_t) { return false; };
  EXPECT_THROW(copy_database(file_, copy_, stop), Stopped);
}

TEST_F(SqliteBackup, ACheckStopsWhereTheWatcherSaysSo) {
  {
    const auto store = open();
    for (std::uint8_t i = 1; i <= 250; ++i) add(*store, i, kLong);
  }
  copy_database(file_, copy_, {});
  try {
    check_database(copy_, [](std::string_view, std::uint64_t, std::uint64_t) { return false; });
    ADD_FAILURE() << "went on";
  } catch (const Unavailable& stopped) {
    EXPECT_NE(std::string(stopped.what()).find("copy.db: stopped"), std::string::npos) << stopped.what();
  }
}

TEST_F(SqliteBackup, WhatTheWatcherThrowsDuringACheckIsThrown) {
  {
    const auto store = open();
    for (std::uint8_t i = 1; i <= 250; ++i) add(*store, i, kLong);
  }
  copy_database(file_, copy_, {});
  const Watch failing = [](auto, auto, auto) -> bool { throw std::out_of_range("of the watcher"); };
  EXPECT_THROW(check_database(copy_, failing), std::out_of_range);
}

TEST_F(SqliteBackup, ACheckGivesUpWhereTheLogGrowsTooMuch) {
  struct : CheckReport {
    void found(std::string_view about, std::string_view what) override { ADD_FAILURE() << about << ": " << what; }
    void progress(std::string_view, std::size_t, std::size_t) override {}
  } report;
  {
    const auto store = open();
    for (std::uint8_t i = 1; i <= 200; ++i) add(*store, i, kLong);
  }
  const auto store = open();
  const auto source = open_sqlite_check(file_, plain_text, 64 * 1024);
  for (std::uint8_t i = 201; i <= 210; ++i) add(*store, i, kLong);
  try {
    check(*source, report);
    ADD_FAILURE() << "went on";
  } catch (const Unavailable& failure) {
    EXPECT_NE(std::string(failure.what()).find("its log grew too much"), std::string::npos) << failure.what();
  }
}

TEST_F(SqliteBackup, SaysWhatToDoWhereItIsDamaged) {
  const auto damaged = empty("damaged.db");
  try {
    check_database(damaged, {}, "; do this");
    FAIL();
  } catch (const Unavailable& failure) {
    EXPECT_EQ(std::string(failure.what()), damaged.string() + ": is empty, or cannot be read; do this");
  }
}

TEST_F(SqliteBackup, ChecksFilesWhoseNamesNeedEscapesInAUri) {
  add(*open(), 1);
  const auto odd = empty("a?b#c%41 d.db");
  const Contents copied = copy_database(file_, odd, {});
  EXPECT_EQ(check_database(odd, {}), copied);
}

TEST_F(SqliteBackup, EndsSessionsAndSpendsCodesWhereItIsRestored) {
  const Time now = clock_.now();
  UserId ada{}, bob{};
  ada.bytes.back() = 1;
  bob.bytes.back() = 2;
  {
    const auto store = open();
    ASSERT_TRUE(store->write([&](WriteTx& tx) -> Result<bool> {
      for (const auto& [id, name] : {std::pair(ada, "ada"), {bob, "bob"}}) {
        model::User user;
        user.id = id;
        user.username = name;
        user.password_hash = "$2b$";
        user.pending_until = now + std::chrono::hours(1);
        user.created_at = user.updated_at = now;
        INTEGRITY_CHECK(tx.add_pending_user(user));
        if (id == bob) continue;
        user.state = model::UserState::active;
        user.pending_until = {};
        user.totp_secret = {1};
        user.totp_confirmed_at = now;
        user.role = model::Role::admin;
        tx.update_user({}, "user.confirm", user);
        SessionId session{};
        tx.start_session({}, {.session = {.id = session,
                                          .user = id,
                                          .created_at = now,
                                          .proven_at = now,
                                          .expires_at = now + std::chrono::hours(1)}});
        tx.add_challenge({.user = id, .password_version = 1, .expires_at = now + std::chrono::hours(1)});
      }
      tx.set_key_fingerprint("token.key", {});
      return true;
    }));
  }
  copy_database(file_, copy_, {});
  const RestoreWanted wanted{.now = now - std::chrono::hours(1), .last_step = 777, .fingerprints = {{"a.key", {9}}}};
  upgrade_copy(copy_, plain_text);
  const Restored done = make_restored(copy_, plain_text, wanted);
  EXPECT_EQ(done.change, done.last_before + 1);
  const auto restored = open_sqlite({.file = copy_, .clock = &clock_, .text = plain_text});
  const auto tx = restored->read();
  EXPECT_TRUE(tx->sessions_of(ada).empty());
  EXPECT_FALSE(tx->challenge({}));
  EXPECT_EQ(tx->factor_counters(ada).last_step, 777);
  EXPECT_EQ(tx->factor_counters(bob).last_step, 0) << "has no authenticator";
  const auto last = tx->find_changes({.limit = 1}).changes.front();
  EXPECT_EQ(last.op, "restore");
  EXPECT_EQ(last.number, done.change);
  EXPECT_EQ(last.attribution.proof, model::Attribution::Proof::host);
  EXPECT_EQ(last.at, now) << "times never decrease";
  ASSERT_TRUE(restored->write([&](WriteTx& writing) -> Result<bool> {
    EXPECT_EQ(writing.key_fingerprint("a.key"), model::Digest{9});
    EXPECT_FALSE(writing.key_fingerprint("token.key"));
    return true;
  }));
  add(*restored, 1);
  EXPECT_EQ(restored->read()->last_change_number(), done.change + 1);
}

TEST_F(SqliteBackup, RefusesWhatIsNotOne) {
  EXPECT_NE(refusal(copy_).find("copy.db: is empty"), std::string::npos);
  test::write_file(copy_, "SQLite");
  EXPECT_NE(refusal(copy_).find("cut off in its header"), std::string::npos);
  test::write_file(copy_, std::string(5000, 'x'));
  EXPECT_NE(refusal(copy_).find("is not a backup"), std::string::npos);
  EXPECT_NE(refusal(folder_ / "none.db").find("cannot read"), std::string::npos);
  EXPECT_NE(refusal(folder_.path()).find("is a folder"), std::string::npos);
  EXPECT_NE(refusal("/dev/null").find("is a device"), std::string::npos);
}

class EachOlderVersion : public SqliteBackup, public testing::WithParamInterface<std::int64_t> {};

TEST_P(EachOlderVersion, IsKeptBeforeItsUpgrade) {
  {
    Database db(file_, Database::Open::create);
    migrate(db, GetParam());
    db.execute("PRAGMA journal_mode = WAL");
  }
  const auto kept =
      folder_ / ("before-upgrade-" + std::to_string(GetParam()) + "-" + std::to_string(newest_version) + ".db");
  add(*open(), 1);
  ASSERT_TRUE(std::filesystem::exists(kept));
  EXPECT_EQ(test::mode_of(kept), 0600U);
  EXPECT_EQ(check_database(kept, {}).version, GetParam());
  std::filesystem::rename(kept, copy_);
  upgrade_copy(copy_, plain_text);
  const Restored done = make_restored(copy_, plain_text, {.now = clock_.now(), .last_step = 1, .fingerprints = {}});
  EXPECT_EQ(done.change, 1);
  EXPECT_EQ(check_database(copy_, {}).version, newest_version);
  EXPECT_FALSE(std::filesystem::exists(kept)) << "a restored copy has its backup already";
}

// The upgrade from 9 rewrites no table.
INSTANTIATE_TEST_SUITE_P(OfTheSchema, EachOlderVersion, testing::Range<std::int64_t>(1, 9));

TEST_F(SqliteBackup, AnUpgradeThatDidNotFinishKeepsTheCopyOfItsBeginning) {
  {
    Database db(file_, Database::Open::create);
    migrate(db, 8);
  }
  backup_before_upgrade(file_, 8, newest_version);
  const auto kept = folder_ / ("before-upgrade-8-" + std::to_string(newest_version) + ".db");
  const auto made = std::filesystem::last_write_time(kept);
  backup_before_upgrade(file_, 8, newest_version);
  EXPECT_EQ(std::filesystem::last_write_time(kept), made);
  {
    Database db(file_, Database::Open::write);
    db.execute(
        "INSERT INTO changes (number, at, kind, record, revision, op, proof) VALUES (1, 1, 'user',"
        " x'000000000000000000000001', 1, 'user.confirm', 'otp')");
  }
  EXPECT_THROW(open(), Unavailable) << "the copy is of another state";
  Database db(file_, Database::Open::read);
  EXPECT_EQ(version_of(db), 8);
}

}  // namespace
}  // namespace integrity::store::sqlite
