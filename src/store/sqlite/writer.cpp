#include "store/sqlite/writer.hpp"

#include <utility>

#include "base/log.hpp"
#include "base/wake_ups.hpp"
#include "store/refusals.hpp"

namespace integrity::store::sqlite {
namespace {

// Large enough that the sync of a commit is shared by many, small enough that nobody waits long for
// others.
constexpr std::size_t kGroupMax = 256;

// Words are indexed in transactions of their own, each for texts of so many bytes: 2 to 10 ms for 400 products of the
// bench, or 20 of the longest.
constexpr std::size_t kWordBytes = 64 * 1024;
// A search reads what is not indexed. Once there is so much of it, the writer indexes before it writes again.
constexpr std::size_t kWordBytesMax = 16 * kWordBytes;
constexpr std::int64_t kChangesWithoutWords = 1024;  // the same limit where changes have little text
// With nothing to write for so long, the writer indexes what there is.
constexpr std::chrono::milliseconds kIdle{50};
// After a failure, a full disk for example.
constexpr std::chrono::seconds kWordsRetry{1};

// Errors of the disk or the file: the state of what was being written is not known any more.
bool stops_writer(int primary) {
  switch (primary) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
      return true;
    default:
      return false;
  }
}

// Errors that are not the fault of the statement that met them.
bool ends_group(int primary) {
  switch (primary) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
    case SQLITE_ABORT:
      return true;
    default:
      return stops_writer(primary);
  }
}

// For the operator.
std::string_view cure(int primary) {
  switch (primary) {
    case SQLITE_FULL:
      return "make room on its disk; then writes go on by themselves";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "end the other program that has it open; then writes go on by themselves";
    case SQLITE_READONLY:
      return "make its file system writable, and start the server again";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "stop the server, run `integrity check`, and restore the last backup";
    case SQLITE_CANTOPEN:
      return "stop the server, put the files back or restore the last backup, and start it again";
    default:
      return stops_writer(primary) ? "look for errors of the disk in the system's log, start the server again, and run"
                                     " `integrity check`"
                                   : "if it goes on, look for what the system lacks: memory, or room on the disk";
  }
}

// For clients: what kind of trouble it is, and nothing about this machine.
std::string trouble(int primary) {
  if (primary == SQLITE_FULL) return "the store has no room left on its disk; nothing was changed. Try again shortly";
  if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED) {
    return "another program holds the store; nothing was changed. Try again shortly";
  }
  if (stops_writer(primary)) return "the store's disk or file has failed; the operator must look at the log";
  return "the store cannot write just now; nothing was changed. Try again shortly";
}

// What does not fit into memory is missing until the next start: its user logs in again, its program is refused.
template <class Map, class Effects>
void follow(Map& map, const Effects& effects, const char* event) {
  for (const auto& [key, now] : effects) {
    try {
      if (now) {
        map.put(key, *now);  // in place of the old one: a reader finds one of the two
        continue;
      }
    } catch (const std::bad_alloc&) {
      log::event(event, {{"cause", "out of memory"}});
    }
    map.remove(key);
  }
}

Error refusal(int primary, const std::string& cause) {
  Error error = unavailable(cause);
  error.detail = trouble(primary);
  return error;
}

}  // namespace

Writer::Writer(Database& db, const Clock& clock, const model::ProductText& text, Options options, ProductCache& cache,
               PageCache& pages, SessionMap& sessions, KeyMap& keys, Meters& meters)
    : db_(db),
      files_(sqlite3_db_filename(db.handle(), "main")),
      options_(options),
      cache_(cache),
      pages_(pages),
      sessions_(sessions),
      keys_(keys),
      meters_(meters),
      tx_(db, clock, text, sessions, keys),
      checkpointer_(sqlite3_db_filename(db.handle(), "main")),
      queue_(options.queue_max) {
  group_.reserve(kGroupMax);  // now: a later failure to allocate would end the thread
  answers_.reserve(kGroupMax);
  // Instead of SQLite's own checkpoints, which come inside COMMIT and so before the answers.
  sqlite3_wal_hook(
      db_.handle(),
      [](void* self, sqlite3*, const char*, int size) {
        static_cast<Writer*>(self)->wal_pages_ = size;
        return SQLITE_OK;
      },
      this);
  thread_ = std::thread([this] { loop(); });
}

Writer::~Writer() {
  queue_.close();
  thread_.join();
  sqlite3_wal_hook(db_.handle(), nullptr, nullptr);
}

void Writer::loop() {
  while (queue_.take(group_, kGroupMax, words_wait() ? std::optional(kIdle) : std::nullopt)) {
    const bool idle = group_.empty();
    if (!idle) write_group();
    group_.clear();
    tend_words(idle);
    checkpoint();
  }
  // So that a file that nobody has open is complete.
  while (words_wait() && index_words()) {
  }
}

bool Writer::words_wait() const {
  return tx_.changes_without_words() > 0 && !stopped_;
}

// Runs after the answers, so no client waits for it.
void Writer::tend_words(bool idle) {
  const auto enough = [&] {
    return tx_.bytes_without_words() >= kWordBytes || tx_.changes_without_words() >= kChangesWithoutWords;
  };
  if (!words_wait() || (!idle && !enough()) || std::chrono::steady_clock::now() < words_retry_at_) return;
  while (index_words() && tx_.bytes_without_words() >= kWordBytesMax) {
  }
}

// False if that failed. No client gets an error for it, because searches read what is not indexed.
bool Writer::index_words() {
  try {
    db_.run("BEGIN IMMEDIATE");
    const auto indexed = tx_.index_words(kWordBytes);
    db_.run("COMMIT");
    tx_.words_indexed(indexed);
    return true;
  } catch (const Failure& failure) {
    if (stops_writer(failure.primary())) {
      report(failure.code, failure.what());
    } else {
      delay_words(failure.what());
    }
  } catch (const std::exception& exception) {
    delay_words(exception.what());
  }
  if (db_.in_transaction()) sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  words_retry_at_ = std::chrono::steady_clock::now() + kWordsRetry;
  return false;
}

void Writer::delay_words(const char* cause) noexcept {
  meters_.errors.add();
  log::event("store.words.delayed", {{"cause", cause}});
}

void Writer::write_group() noexcept {
  answers_.assign(group_.size(), Status());  // both have room
  std::chrono::nanoseconds taken{};
  try {
    tx_.begin_group();
    db_.run("BEGIN IMMEDIATE");
    const bool done = run_group(options_.run_writes_twice ? Undo::by_savepoint : Undo::by_starting_over);
    if (!done) {
      db_.run("ROLLBACK");
      tx_.forget_group();
      db_.run("BEGIN IMMEDIATE");
      run_group(Undo::by_savepoint);
    }
    tx_.end_group();
    const auto begun = std::chrono::steady_clock::now();
    db_.run("COMMIT");
    taken = std::chrono::steady_clock::now() - begun;
  } catch (const Failure& failure) {
    return fail_group(report(failure.code, failure.what()));
  } catch (const std::exception& exception) {
    meters_.errors.add();
    log::event("store.refused", {{"cause", exception.what()}});
    return fail_group(error_of([&] { return refusal(SQLITE_NOMEM, exception.what()); }));
  }
  if (!files_.intact()) {
    return fail_group(report(SQLITE_CANTOPEN, "the file, or its log, was removed or replaced under the server"));
  }
  meters_.add_group(group_.size(), taken, tx_.change_counts());
  publish();
  answer_group();
}

// False when a job is to be undone that wrote without a savepoint. Such jobs are rare (what a
// closure refuses, it refuses before it writes), and a savepoint for every job was measured to cost
// a sixth of the writes a second.
bool Writer::run_group(Undo undo) {
  for (std::size_t i = 0; i < group_.size(); ++i) {
    if (undo == Undo::by_savepoint) {
      db_.run("SAVEPOINT job");
      if (options_.run_writes_twice) {
        tx_.begin_job();
        run(i);
        db_.run("ROLLBACK TO job");
        tx_.forget_job();
      }
    }
    tx_.begin_job();
    const bool stays = run(i);
    if (!stays && tx_.job_wrote()) {
      if (undo == Undo::by_starting_over) return false;
      db_.run("ROLLBACK TO job");
    }
    if (!stays) tx_.forget_job();
    if (undo == Undo::by_savepoint) db_.run("RELEASE job");
  }
  return true;
}

// True when what the job wrote is to stay.
bool Writer::run(std::size_t index) {
  answers_[index] = Status();
  bool stays = false;
  try {
    stays = run_job(*group_[index], tx_, answers_[index]);
  } catch (const Failure& failure) {
    if (ends_group(failure.primary())) throw;
    answers_[index] = fault(failure.what());
  } catch (...) {
    answers_[index] = fault_of_exception();
  }
  // SQLite ends a transaction by itself after some errors; going on would write outside of any.
  if (!db_.in_transaction()) throw Failure(SQLITE_ABORT, "the transaction has ended by itself");
  return stays;
}

void Writer::publish() noexcept {
  tx_.committed();
  for (const auto& id : tx_.touched_products()) cache_.forget(id);
  if (tx_.products_changed()) pages_.forget_all();
  follow(sessions_, tx_.session_effects(), "store.session.dropped");
  follow(keys_, tx_.key_effects(), "store.key.dropped");
}

void Writer::answer_group() {
  const WakeUps::Batch batch;
  for (std::size_t i = 0; i < group_.size(); ++i) group_[i]->done(std::move(answers_[i]));
}

void Writer::fail_group(const Error& error) noexcept {
  if (db_.in_transaction()) sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  tx_.forget_group();
  const WakeUps::Batch batch;
  for (const auto& job : group_) refuse(*job, error);
}

// Logs the failure. Gives the error that clients get.
Error Writer::report(int code, const char* cause) noexcept {
  const int primary = code & 0xff;
  const bool stops = stops_writer(primary);
  meters_.errors.add();
  log::event(stops ? "store.stopped" : "store.refused",
             {{"cause", cause}, {"file", files_.file().native()}, {"cure", cure(primary)}});
  Error error =
      error_of([&] { return refusal(primary, stops ? files_.file().native() + ": " + cause : std::string(cause)); });
  if (stops) {
    stopped_ = true;
    queue_.stop(error);
  }
  return error;
}

void Writer::checkpoint() {
  const int code = checkpointer_.tend(db_, std::exchange(wal_pages_, 0));
  if (stops_writer(code & 0xff)) report(code, sqlite3_errstr(code));
}

}  // namespace integrity::store::sqlite
