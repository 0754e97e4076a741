#include "store/sqlite/backup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <exception>
#include <thread>

#include "base/fd.hpp"
#include "base/file_error.hpp"
#include "base/log.hpp"
#include "base/new_file.hpp"
#include "store/move.hpp"
#include "store/sqlite/log_growth.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "store/sqlite/statements.hpp"
#include "store/sqlite/watermark.hpp"

namespace integrity::store::sqlite {
namespace {

// 1 MiB of pages, then a pause as long as the copying took: writers have half of the disk and of this core.
constexpr int kStepPages = 256;
// Written pages go to the disk in parts, so that the sync of a commit never waits for many of them.
constexpr int kSyncSteps = 8;
// Without pauses once the log has grown by this: it is then better to be done soon.
constexpr std::uint64_t kHurryBytes = std::uint64_t{256} << 20;
constexpr std::chrono::milliseconds kPauseMax{100};
// Steps of SQLite's machine between two calls of the watcher during a check: less than a millisecond.
constexpr int kCheckSteps = 10'000;

constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr std::size_t kHeaderBytes = 100;
constexpr int kFirstVersionWithFingerprints = 4;

void go_on(const Watch& watch, std::string_view what, std::uint64_t done, std::uint64_t of) {
  if (watch && !watch(what, done, of)) throw Stopped("stopped before it was complete; nothing is left of it");
}

// SQL that is made at run time, with one number as its result.
std::int64_t number_of(Database& db, const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v2(db.handle(), sql.c_str(), -1, &raw, nullptr);
  const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(raw, &sqlite3_finalize);
  if (code != SQLITE_OK || sqlite3_step(raw) != SQLITE_ROW) {
    throw Failure(sqlite3_extended_errcode(db.handle()), sqlite3_errmsg(db.handle()));
  }
  return sqlite3_column_int64(raw, 0);
}

// Begins the transaction that is open, if any. The index of words has tables of its own, which `integrity_check` covers.
Contents contents_of(Database& db) {
  Contents contents{.version = version_of(db), .last_change = 0, .last_at = {}, .rows = {}};
  std::vector<std::string> tables;
  for (auto row = db.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'product_words%'"
                           " AND name NOT LIKE 'sqlite_%' ORDER BY name");
       row.next();) {
    tables.push_back(row.take<std::string>());
  }
  for (const auto& table : tables) contents.rows[table] = number_of(db, "SELECT count(*) FROM \"" + table + '"');
  if (auto row = db.query("SELECT number, at FROM changes ORDER BY number DESC LIMIT 1"); row.next()) {
    contents.last_change = row.take<std::int64_t>();
    contents.last_at = row.take<Time>();
  }
  return contents;
}

// What the operator can do about a copy that failed.
std::string cure_of_copy(int primary) {
  switch (primary) {
    case SQLITE_FULL:
      return "; make room on its disk";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "; the database is damaged: run `integrity check`";
    case SQLITE_IOERR:
      return "; look for errors of the disk in the system's log, and for a limit on the size of files";
    default:
      return "";
  }
}

template <class Copy>
void advising(Copy copy) {
  try {
    copy();
  } catch (const Failure& failure) {
    throw Unavailable(failure.what() + cure_of_copy(failure.primary()));
  }
}

Fd opened(const std::filesystem::path& file, int how) {
  Fd fd(::open(file.c_str(), how | O_CLOEXEC));
  if (!fd.valid()) throw Unavailable(file_fault("cannot be opened"));
  return fd;
}

void bring_to_disk(const Fd& file) {
  if (::fdatasync(file.get()) != 0) throw Unavailable(file_fault("cannot be brought to the disk"));
}

// The copy has the header of a database in WAL mode. Without a log that says the same in an ordinary file: bytes 18 and
// 19 (https://www.sqlite.org/fileformat2.html).
void make_ordinary(const Fd& file) {
  constexpr std::array<char, 2> kRollbackMode{1, 1};
  if (::pwrite(file.get(), kRollbackMode.data(), kRollbackMode.size(), 18) != 2) {
    throw Unavailable(file_fault("cannot be written"));
  }
}

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

void copy_pages(Database& from, Database& to, const LogGrowth& growth, const Fd& target, const Watch& watch,
                bool beside_clients) {
  using std::chrono::steady_clock;
  const std::unique_ptr<sqlite3_backup, decltype(&sqlite3_backup_finish)> copy(
      sqlite3_backup_init(to.handle(), "main", from.handle(), "main"), &sqlite3_backup_finish);
  if (!copy) throw Failure(sqlite3_extended_errcode(to.handle()), sqlite3_errmsg(to.handle()));
  for (int step = 1;; ++step) {
    const auto began = steady_clock::now();
    const int code = sqlite3_backup_step(copy.get(), kStepPages);
    if (code == SQLITE_DONE) return;
    if (code != SQLITE_OK) throw Failure(code, sqlite3_errstr(code));
    if (step % kSyncSteps == 0) bring_to_disk(target);
    const auto of = static_cast<std::uint64_t>(sqlite3_backup_pagecount(copy.get()));
    go_on(watch, "copying", of - static_cast<std::uint64_t>(sqlite3_backup_remaining(copy.get())), of);
    const auto grown = growth.bytes();
    if (grown > log_growth_max) {
      throw Unavailable(
          "writing it took so long that the log of the database grew by 4 GiB: write the backup to a"
          " faster disk, and copy it from there");
    }
    if (beside_clients && grown < kHurryBytes) {
      std::this_thread::sleep_for(std::min<steady_clock::duration>(steady_clock::now() - began, kPauseMax));
    }
  }
}

// The words of the header, before SQLite is asked: its own message is the same for all of them.
void check_header(const std::filesystem::path& file, const std::string& cure) {
  const auto in = open_regular_file(file);
  if (!in) throw Unavailable(in.error().detail);
  std::array<unsigned char, kHeaderBytes> header{};
  const auto read = ::pread(in->get(), header.data(), header.size(), 0);
  const auto got = static_cast<std::size_t>(std::max<ssize_t>(read, 0));
  if (got == 0) throw Unavailable("is empty, or cannot be read" + cure);
  const bool ours = std::string_view(reinterpret_cast<const char*>(header.data()), std::min(got, kMagic.size())) ==
                    kMagic.substr(0, std::min(got, kMagic.size()));
  if (!ours) throw Unavailable("is not a backup of this program; name another file");
  if (got < header.size()) throw Unavailable("is cut off in its header" + cure);
  const auto big_endian = [&](std::size_t at, int bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8 | header[at + static_cast<std::size_t>(i)];
    return value;
  };
  const std::uint64_t page = big_endian(16, 2) == 1 ? 65'536 : big_endian(16, 2);
  const std::uint64_t expected = page * big_endian(28, 4), size = size_of(file);
  if (size == expected) return;
  throw Unavailable("is " + std::string(size < expected ? "cut off" : "damaged") + ": it has " + std::to_string(size) +
                    " bytes instead of " + std::to_string(expected) + cure);
}

void check_pages(Database& db, const Watch& watch, const std::string& cure) {
  struct Told {
    const Watch& watch;
    bool stop = false;
    std::exception_ptr failed{};  // it must not pass through SQLite, which is C
  } told{watch};
  sqlite3_progress_handler(
      db.handle(), kCheckSteps,
      [](void* data) {
        auto& to = *static_cast<Told*>(data);
        try {
          to.stop = to.watch && !to.watch("checking", 0, 0);
        } catch (...) {
          to.failed = std::current_exception();
          to.stop = true;
        }
        return to.stop ? 1 : 0;
      },
      &told);
  try {
    auto row = db.query("PRAGMA integrity_check(1)");
    const std::string found = row.next() ? row.take<std::string>() : "nothing";
    if (found != "ok") throw Failure(SQLITE_CORRUPT, found);
    auto orphan = db.query("PRAGMA foreign_key_check");
    if (orphan.next()) throw Failure(SQLITE_CORRUPT, "a row of " + orphan.take<std::string>() + " belongs to nothing");
  } catch (const Failure& failure) {
    sqlite3_progress_handler(db.handle(), 0, nullptr, nullptr);
    if (told.failed) std::rethrow_exception(told.failed);
    if (told.stop) throw Stopped("stopped before it was complete");
    throw Unavailable(std::string("is damaged (") + failure.what() + ")" + cure);
  }
  sqlite3_progress_handler(db.handle(), 0, nullptr, nullptr);
}

}  // namespace

Contents copy_database(const std::filesystem::path& file, const std::filesystem::path& to, const Watch& watch,
                       const CopyHow& how) {
  const Fd target = opened(to, O_RDWR);
  const LogGrowth growth(file);
  Contents contents;
  {
    auto from = naming(file, [&] {
      Database db(file, Database::Open::read);
      db.execute("PRAGMA cache_size = -1024; BEGIN");
      refuse_foreign(db);
      refuse_newer(db);
      if (how.began) how.began();
      expect_open(db);
      contents = contents_of(db);
      return db;
    });
    Database copy(to, Database::Open::alone);
    copy.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1024;");
    advising([&] { copy_pages(from, copy, growth, target, watch, how.beside_clients); });
  }
  make_ordinary(target);
  return contents;
}

Contents copy_rows_into(RowSource& source, const std::filesystem::path& to, const model::ProductText& text,
                        const Watch& watch) {
  const Fd target = opened(to, O_RDWR);
  advising([&] {
    const auto copy = open_sqlite_bulk_alone(to, text);
    copy->prepare();
    for (const RowKind kind : all_row_kinds()) {
      copy_rows(source, *copy, kind, [&](std::size_t rows, std::size_t of) { go_on(watch, name_of(kind), rows, of); });
    }
    copy->set_watermark(source.watermark());
  });
  Database db(to, Database::Open::unchanging);
  return contents_of(db);
}

Contents check_database(const std::filesystem::path& file, const Watch& watch, const std::string& cure) {
  return naming(file, [&] {
    check_header(file, cure);
    if (size_of(file.string() + "-wal") > 0) {
      throw Unavailable(
          "has a log next to it, FILE-wal, so it is not a backup but a database in use: make a backup of"
          " it with `integrity backup`");
    }
    Database db(file, Database::Open::unchanging);
    try {
      db.execute("BEGIN");
      const bool ours = number_of(db, "PRAGMA application_id") == application_id &&
                        number_of(db, "SELECT count(*) FROM sqlite_schema") > 0;
      if (!ours) throw Unavailable("is a database of another program; name another file");
    } catch (const Failure& failure) {
      throw Unavailable(std::string("is damaged (") + failure.what() + ")" + cure);
    }
    refuse_foreign(db);
    refuse_newer(db);
    check_pages(db, watch, cure);
    expect_open(db);
    return contents_of(db);
  });
}

void backup_before_upgrade(const std::filesystem::path& file, std::int64_t from, std::int64_t to) {
  const auto target =
      file.parent_path() / ("before-upgrade-" + std::to_string(from) + "-" + std::to_string(to) + ".db");
  std::error_code error;
  if (std::filesystem::exists(target, error)) {
    Database db(file, Database::Open::read);
    if (check_database(target, {}) == contents_of(db)) return;
    throw Unavailable(target.string() +
                      ": is from an earlier upgrade, of another state; move it away, then start again");
  }
  auto made = NewFile::create(target);
  if (!made)
    throw Unavailable(made.error().detail + "; the upgrade needs room for a copy of the database. Nothing was changed");
  try {
    const Contents contents = copy_database(file, made->content(), {});
    if (check_database(made->content(), {}) != contents) throw Unavailable("the copy differs from the database");
  } catch (const Unavailable& failure) {
    throw Unavailable(target.string() + ": the copy of the database before its upgrade failed: " +
                      made->named(failure.what()) + ". It needs as much room as the database. Nothing was changed");
  }
  const auto done = made->publish();
  if (!done) throw Unavailable(done.error().detail + ". Nothing was changed");
  log::event("upgrade.backup", {{"path", target.string()}});
}

void upgrade_copy(const std::filesystem::path& file, const model::ProductText& text) {
  make_ordinary(opened(file, O_RDWR));
  Database db(file, Database::Open::alone);
  make_ready_alone(db, text);
}

Restored make_restored(const std::filesystem::path& file, const model::ProductText& text, const RestoreWanted& wanted) {
  Database db(file, Database::Open::alone);
  make_ready_alone(db, text);
  const Watermark last = watermark_of(db);
  db.execute("BEGIN");
  db.run("DELETE FROM sessions");
  db.run("DELETE FROM challenges");
  db.run("UPDATE factor_counters SET last_step = max(last_step, ?)", wanted.last_step);
  db.run(
      "INSERT INTO factor_counters (user, last_step, failures, failures_unredeemed) SELECT id, ?, 0, 0 FROM users"
      " WHERE totp_confirmed_at IS NOT NULL AND id NOT IN (SELECT user FROM factor_counters)",
      wanted.last_step);
  db.run("DELETE FROM key_fingerprints");
  for (const KeyFingerprint& key : wanted.fingerprints) insert(db, key);
  std::int64_t revision = 0;
  {
    auto row = db.query("SELECT coalesce(max(revision), 0) FROM changes WHERE kind = 'store' AND product IS NULL");
    row.next();
    revision = row.take<std::int64_t>();
  }
  model::Change change;
  change.number = last.number + 1;
  change.at = std::max(wanted.now, last.time);
  change.kind = model::RecordKind::store;
  change.revision = revision + 1;
  change.op = "restore";
  change.attribution.proof = model::Attribution::Proof::host;
  change.after = R"({"last_change":)" + std::to_string(last.number) + "}";
  insert(db, change);
  db.run("UPDATE word_index SET through = ? WHERE through = ?", last.number + 1, last.number);
  db.execute("COMMIT");
  return {.change = last.number + 1, .last_before = last.number, .now = wanted.now};
}

Fingerprints fingerprints_in(const std::filesystem::path& file) {
  return naming(file, [&] {
    Database db(file, Database::Open::unchanging);
    Fingerprints found;
    if (version_of(db) < kFirstVersionWithFingerprints) return found;
    for (auto row = db.query(select_from<KeyFingerprint>); row.next();)
      found.known.push_back(take<KeyFingerprint>(row));
    found.complete = db.query("SELECT 1 FROM users").next();
    return found;
  });
}

}  // namespace integrity::store::sqlite
