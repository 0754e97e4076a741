// Full and failing disks, simulated by a layer between SQLite and the file system.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <future>
#include <limits>
#include <map>
#include <mutex>

#include "store/contract/store_contract.hpp"
#include "store/sqlite/db.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "testing/no_memory.hpp"

namespace integrity::store::sqlite {
namespace {

// The default file layer while this lives: SQLite's own, except that writes and syncs can be made to fail.
class FaultyDisk {
 public:
  FaultyDisk() {
    real_vfs = sqlite3_vfs_find(nullptr);
    vfs_ = *real_vfs;
    vfs_.zName = "faulty";
    vfs_.pNext = nullptr;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
    heal();
  }
  ~FaultyDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_vfs, 1);
  }
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  void fail_writes(int code) { write_result = code; }
  void fail_syncs(int code) { sync_result = code; }
  // The disk has room for files of at most this size each.
  void leave_room(sqlite3_int64 bytes) { room = bytes; }
  void heal() {
    write_result = sync_result = SQLITE_OK;
    room = std::numeric_limits<sqlite3_int64>::max();
  }

 private:
  // SQLite opens the file; only two of its methods are replaced.
  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    const int code = real_vfs->xOpen(real_vfs, name, file, flags, out_flags);
    if (code != SQLITE_OK || file->pMethods == nullptr) return code;
    const std::lock_guard lock(mutex);
    auto [entry, is_new] = methods.try_emplace(file->pMethods, *file->pMethods);
    if (is_new) {
      real_write = file->pMethods->xWrite;
      real_sync = file->pMethods->xSync;
      entry->second.xWrite = [](sqlite3_file* f, const void* data, int size, sqlite3_int64 at) {
        const int result = at + size > room ? SQLITE_FULL : write_result.load();
        return result ? result : real_write(f, data, size, at);
      };
      entry->second.xSync = [](sqlite3_file* f, int sync_flags) {
        const int result = sync_result;
        return result ? result : real_sync(f, sync_flags);
      };
    }
    file->pMethods = &entry->second;
    return SQLITE_OK;
  }

  sqlite3_vfs vfs_;
  static inline sqlite3_vfs* real_vfs;
  static inline std::mutex mutex;
  // One table for databases and one for logs. Both use the same replaced functions.
  static inline std::map<const sqlite3_io_methods*, sqlite3_io_methods> methods;
  static inline decltype(sqlite3_io_methods::xWrite) real_write;
  static inline decltype(sqlite3_io_methods::xSync) real_sync;
  static inline std::atomic<int> write_result, sync_result;
  static inline std::atomic<sqlite3_int64> room;
};

class SqliteFaults : public testing::Test {
 protected:
  SqliteFaults() { open(); }

  void open() {
    store_.reset();
    store_ = open_sqlite({.file = folder_.path() / "integrity.db", .clock = &clock_, .text = plain_text});
  }
  Result<bool> create(std::uint8_t number, std::string description = {}) {
    return store_->write([number, description = std::move(description)](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product({}, numbered(number, description)));
      return true;
    });
  }
  static model::Product numbered(std::uint8_t number, const std::string& description = {}) {
    model::Product product;
    product.id.bytes[0] = number;
    if (!description.empty()) product.description = description;
    product.name = "Lamp";
    product.currency = "EUR";
    return product;
  }
  Result<bool> touch() {
    return store_->write([](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.touch());
      return true;
    });
  }
  bool there(std::uint8_t number) { return store_->read()->product(numbered(number).id).has_value(); }
  // A product without its change, or a change without its product, would be half a write.
  void expect_whole() {
    const auto products = store_->read()->products({.limit = 1000}).products;
    EXPECT_EQ(static_cast<std::int64_t>(products.size()), store_->read()->last_change_number());
    for (const auto& product : products) {
      EXPECT_EQ(store_->read()->changes(model::RecordKind::product, record_id(product.id), {}, 10).size(), 1U);
    }
  }

  FaultyDisk disk_;
  ManualClock clock_;
  const TempFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(SqliteFaults, AFullDiskRefusesWritesUntilThereIsRoomAgain) {
  ASSERT_TRUE(create(1).has_value());
  disk_.fail_writes(SQLITE_FULL);
  for (const std::uint8_t i : {std::uint8_t{2}, std::uint8_t{3}}) {
    const auto refused = create(i);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_NE(refused.error().cause.find("full"), std::string::npos) << refused.error().cause;
    EXPECT_NE(refused.error().detail.find("no room"), std::string::npos) << refused.error().detail;
    EXPECT_FALSE(touch().has_value());
    EXPECT_FALSE(there(i));
  }
  EXPECT_TRUE(there(1));
  // A write that only returns an error needs no disk. It must not count as a sign that there is room.
  EXPECT_FALSE(store_->write([](WriteTx&) -> Result<bool> { return Error{Code::not_found}; }).has_value());
  EXPECT_FALSE(touch().has_value());
  disk_.heal();
  EXPECT_TRUE(touch().has_value()) << "before any record was written";
  EXPECT_TRUE(create(4).has_value());
  EXPECT_EQ(store_->read()->last_change_number(), 2);
  expect_whole();
}

// The last product is not in the word index when the disk becomes full, and cannot be added to it.
TEST_F(SqliteFaults, ASearchOnAFullDiskFindsAllThatWasAcknowledged) {
  ASSERT_TRUE(create(1).has_value());
  EXPECT_EQ(store_->read()->products({.words = {"lamp"}}).products.size(), 1U);
  ASSERT_TRUE(create(2).has_value());
  disk_.fail_writes(SQLITE_FULL);
  for (const auto by : {model::ProductKey::created_at, model::ProductKey::name, model::ProductKey::price}) {
    EXPECT_EQ(store_->read()->products({.words = {"lamp"}, .order = {by, true}}).products.size(), 2U);
    EXPECT_EQ(store_->read()->products({.words = {"desk"}, .order = {by, false}}).products.size(), 0U);
  }
  EXPECT_EQ(store_->read()->products({.words = {"la"}, .price = {{}, 0}, .limit = 1}).products.size(), 1U);
  disk_.heal();
  EXPECT_EQ(store_->read()->products({.words = {"lamp"}}).products.size(), 2U);
}

// The store once counted as ready after a write of one page, which fitted into the log, although products were refused.
TEST_F(SqliteFaults, ADiskWithRoomForSmallWritesOnlyIsNotReady) {
  disk_.leave_room(400 * 1024);
  const auto refused = touch();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_NE(refused.error().detail.find("hardly any room"), std::string::npos) << refused.error().detail;
  EXPECT_TRUE(create(1)) << "other writes still fit";

  std::uint8_t number = 2;
  auto large = create(number, std::string(4000, 'x'));
  while (large) large = create(++number, std::string(4000, 'x'));
  EXPECT_NE(large.error().cause.find("full"), std::string::npos) << large.error().cause;
  EXPECT_FALSE(touch());
  disk_.heal();
  EXPECT_TRUE(touch());
  EXPECT_TRUE(create(number, std::string(4000, 'x')));
  expect_whole();
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "integrity.db-room"));
}

TEST_F(SqliteFaults, ADiskErrorStopsTheWriterUntilTheStoreIsOpenedAgain) {
  struct Case {
    const char* what;
    std::function<void()> fail;
  };
  std::uint8_t number = 0;
  for (const auto& [what, fail] : {Case{"write", [&] { disk_.fail_writes(SQLITE_IOERR_WRITE); }},
                                   Case{"sync", [&] { disk_.fail_syncs(SQLITE_IOERR_FSYNC); }}}) {
    SCOPED_TRACE(what);
    ASSERT_TRUE(create(++number).has_value());
    const auto acknowledged = number;
    fail();
    const auto failed = create(++number);
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().code, Code::unavailable);
    disk_.heal();
    const auto later = create(++number);
    ASSERT_FALSE(later.has_value());
    EXPECT_EQ(later.error().code, Code::unavailable);
    EXPECT_NE(later.error().cause.find("integrity.db: disk I/O"), std::string::npos) << later.error().cause;
    EXPECT_FALSE(touch().has_value());
    EXPECT_TRUE(there(acknowledged));  // reads go on
    EXPECT_FALSE(there(number));

    open();
    EXPECT_TRUE(there(acknowledged));
    EXPECT_TRUE(create(++number).has_value());
    expect_whole();
  }
}

// Writes once went on into the removed files, and were acknowledged.
TEST_F(SqliteFaults, NothingIsAcknowledgedAfterAFileWasRemovedOrReplaced) {
  const auto file = (folder_.path() / "integrity.db").string();
  for (const auto& [name, replaced] :
       {std::pair(file, false), {file, true}, {file + "-wal", false}, {file + "-wal", true}}) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(create(1));
    const Tally& counter = store_->meters.changes[static_cast<std::size_t>(model::RecordKind::product)];
    const std::uint64_t counted = counter.value();
    std::filesystem::rename(name, name + ".away");
    if (replaced) test::write_file(name, "");
    for (const bool readiness : {false, true, false}) {
      const auto refused = readiness ? touch() : create(2);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Code::unavailable);
      EXPECT_NE(refused.error().cause.find("was removed or replaced"), std::string::npos) << refused.error().cause;
      EXPECT_EQ(refused.error().detail.find(folder_.path().string()), std::string::npos) << "for clients";
    }
    EXPECT_EQ(counter.value(), counted) << "written to nowhere";
    store_.reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) std::filesystem::remove(entry);
    open();
  }
}

// After a BEGIN that failed, the writer once went back by one group too many, and gave out numbers that were in use.
TEST_F(SqliteFaults, WritesAreRefusedWhileAnotherConnectionHoldsTheWriteLock) {
  ASSERT_TRUE(create(1).has_value());
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((folder_.path() / "integrity.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto refused = create(2);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::unavailable);
  sqlite3_close(other);
  EXPECT_TRUE(create(3).has_value());
  expect_whole();
}

TEST_F(SqliteFaults, EachJobOfAGroupThatCannotBeCommittedIsUnavailable) {
  // The first job waits, so that the ten jobs after it form one group.
  std::promise<void> release;
  auto wait = [&](WriteTx&) -> Result<bool> {
    release.get_future().wait();
    return true;
  };
  auto ignore = [](const Result<bool>&) {};
  store_->submit(make_job<bool>({}, wait, ignore));
  std::atomic<int> refused_jobs = 0;
  for (std::uint8_t i = 1; i <= 10; ++i) {
    auto run = [i](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product({}, numbered(i)));
      return true;
    };
    auto tell = [&](const Result<bool>& r) {
      if (!r.has_value() && r.error().code == Code::unavailable) ++refused_jobs;
    };
    store_->submit(make_job<bool>({}, run, tell));
  }
  disk_.fail_writes(SQLITE_FULL);
  release.set_value();
  EXPECT_FALSE(create(11).has_value());  // queued after the group, so the group has ended by now
  EXPECT_EQ(refused_jobs, 10);
  EXPECT_EQ(store_->read()->last_change_number(), 0);
}

// What a write throws is answered where nothing can be allocated. std::bad_alloc left the catch handlers, and so ended
// the process.
TEST_F(SqliteFaults, WithoutMemoryItAnswersAndGoesOn) {
  const std::string what(100, 'x');  // too long to be kept without memory
  for (const auto& thrown :
       {std::make_exception_ptr(std::runtime_error(what)), std::make_exception_ptr(Failure(SQLITE_FULL, what)),
        std::make_exception_ptr(std::bad_alloc())}) {
    std::optional<test::NoMemory> no_memory;
    std::promise<Error> answer;
    const auto fails = [&](WriteTx&) -> Result<bool> {
      if (!no_memory) no_memory.emplace();
      std::rethrow_exception(thrown);
    };
    store_->submit(make_job<bool>({}, fails, [&](Result<bool> result) {
      no_memory.reset();
      answer.set_value(result ? Error{Code::bad_request} : std::move(result).error());
    }));
    const auto error = answer.get_future().get();
    EXPECT_EQ(error.code, Code::unavailable);
    EXPECT_EQ(error.cause, "out of memory");
    EXPECT_TRUE(store_->write([](WriteTx& tx) -> Result<bool> { return tx.now() > Time(); }).has_value());
  }
}

}  // namespace
}  // namespace integrity::store::sqlite
