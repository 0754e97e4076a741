#include "app/backup_job.hpp"

#include <gtest/gtest.h>

#include "app/data_folder.hpp"
#include "catalog/words.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "testing/clock.hpp"
#include "testing/folder.hpp"

namespace integrity::app {
namespace {

TEST(BackupName, HasTheTimeOfTheState) {
  const Time at = *parse_rfc3339("2026-11-29T16:00:07.999Z");
  EXPECT_EQ(backup_name(at), "integrity-20261129T160007Z.db");
  EXPECT_EQ(time_of_backup(backup_name(at)), *parse_rfc3339("2026-11-29T16:00:07.000Z"));
}

TEST(BackupName, IsNotAnyOtherName) {
  for (const char* name :
       {"", "integrity.db", "integrity-20261129T160007Z.db.old", "integrity-20261129T160007Z.db.partial-Xa3kT9",
        "integrity-20261129t160007Z.db", "integrity-20261129T160007.db ", "integrity-2026112 T160007Z.db",
        "integrity-20261329T160007Z.db",
        "integrity-dddddddd"
        "Tdddddd"
        "Z.db",
        "Integrity-20261129T160007Z.db", "before-upgrade-8-9.db", "intedrity-20261129T160007Z.db"}) {
    EXPECT_FALSE(time_of_backup(name)) << name;
  }
}

TEST(BackupJob, KnowsTheLastSuccessFromItsFolder) {
  const test::TempFolder folder;
  test::write_file(folder / "integrity-20200101T000000Z.db", "");
  test::write_file(folder / "integrity-20200102T000000Z.db", "");
  test::write_file(folder / "integrity-29990101T000000Z.db", "of a clock that was ahead");
  Config config;
  const SystemClock clock;
  EXPECT_EQ(BackupJob(config, clock).tally().last_success, 0);
  config.backup_dir = folder.path();
  EXPECT_EQ(BackupJob(config, clock).tally().last_success, to_seconds(*parse_rfc3339("2020-01-02T00:00:00.000Z")));
}

TEST(BackupJob, CountsAFailure) {
  const test::TempFolder folder;
  Config config;
  config.data = folder / "none";
  const SystemClock clock;
  BackupJob backups(config, clock);
  const auto made = backups.make(folder / "a.db", {});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().detail.find((folder / "a.db").string()), std::string::npos) << made.error().detail;
  EXPECT_EQ(backups.tally().failed, 1U);
  EXPECT_EQ(backups.tally().done, 0U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 0);
}

TEST(BackupJob, DoesNotCountOneThatWasStopped) {
  const test::TempFolder folder;
  Config config;
  config.data = folder.path();
  const SystemClock clock;
  store::sqlite::open_sqlite(
      {.file = DataFolder::database_in(config.data), .clock = &clock, .text = catalog::product_text});
  BackupJob backups(config, clock);
  EXPECT_FALSE(backups.make(folder / "a.db", [](auto...) { return false; }));
  EXPECT_EQ(backups.tally().failed, 0U);
  EXPECT_TRUE(backups.make(folder / "a.db", {}));
  EXPECT_EQ(backups.tally().done, 1U);
}

TEST(BackupJob, DoesNotCountAWrongPlaceThatACommandNames) {
  const test::TempFolder folder;
  test::write_file(folder / "a.db", "precious");
  Config config;
  config.data = folder / "data";
  const SystemClock clock;
  BackupJob backups(config, clock);
  for (const auto& place : {folder / "a.db", folder / "none" / "a.db", folder / "a.db-wal", folder / "a.db" / "b.db"}) {
    EXPECT_FALSE(backups.make(place, [](auto...) { return true; })) << place;
    EXPECT_EQ(backups.tally().failed, 0U) << place;
  }
  EXPECT_FALSE(backups.make(folder / "b.db", [](auto...) { return true; })) << "there is no database";
  EXPECT_EQ(backups.tally().failed, 1U);
  EXPECT_FALSE(backups.make(folder / "a.db", {})) << "the server's own";
  EXPECT_EQ(backups.tally().failed, 2U);
}

TEST(BackupJob, HasATimeThatIsNotBeforeAnyChangeInIt) {
  const test::TempFolder folder;
  Config config;
  config.data = folder.path();
  const test::ManualClock clock, ahead(clock.now() + std::chrono::hours(1));
  {
    const auto store = store::sqlite::open_sqlite(
        {.file = DataFolder::database_in(config.data), .clock = &ahead, .text = catalog::product_text});
    ASSERT_TRUE(store->write([](store::WriteTx& tx) -> Result<bool> {
      model::Product lamp;
      lamp.name = "Lamp";
      lamp.currency = "EUR";
      INTEGRITY_CHECK(tx.create_product({}, lamp));
      return true;
    }));
  }
  BackupJob backups(config, clock);
  const auto made = backups.make(folder / "a.db", {});
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->taken_at, ahead.now());
}

// A folder on another machine was read twice a second, for a backup once a day.
TEST(BackupJob, ReadsTheFolderAgainOnlyWhenOneIsDue) {
  const test::TempFolder folder;
  Config config;
  config.data = folder.path();
  config.backup_dir = folder / "backups";
  test::ManualClock clock;
  store::sqlite::open_sqlite(
      {.file = DataFolder::database_in(config.data), .clock = &clock, .text = catalog::product_text});
  BackupJob backups(config, clock);
  backups.tend();
  ASSERT_EQ(backups.tally().done, 1U);
  std::filesystem::remove(config.backup_dir / backup_name(clock.now()));
  clock.move(std::chrono::hours(24) - std::chrono::seconds(1));
  backups.tend();
  EXPECT_EQ(backups.tally().done, 1U) << "it read the folder";
  clock.move(std::chrono::seconds(1));
  test::write_file(config.backup_dir / backup_name(clock.now()), "of another server");
  backups.tend();
  EXPECT_EQ(backups.tally().done, 1U) << "it did not read the folder";
  clock.move(std::chrono::hours(24));
  backups.tend();
  EXPECT_EQ(backups.tally().done, 2U);
}

}  // namespace
}  // namespace integrity::app
