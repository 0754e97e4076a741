#include "store/sqlite/checkpointer.hpp"

#include <utility>

namespace integrity::store::sqlite {
namespace {

// 16 MiB of log are collected before pages are copied: a page that many commits changed is then copied once.
constexpr int kCopyPages = 4096;
// If the log grows by more than this during the copy, the writer waits for it.
constexpr int kGrowthPages = 4096;
// If a reader still needs old pages, the log cannot start over. The next copy begins after this many more pages.
constexpr int kRetryPages = 1024;

// Passive: does not wait for readers. Pages that a reader still needs are left for the next copy.
int copy(Database& db) {
  const int code = sqlite3_wal_checkpoint_v2(db.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  return code == SQLITE_BUSY ? SQLITE_OK : code;
}

}  // namespace

Checkpointer::Checkpointer(const std::filesystem::path& file)
    : db_(file, Database::Open::write), next_pages_(kCopyPages) {
  db_.execute("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -64;");
  thread_ = std::thread([this] { loop(); });
}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

int Checkpointer::tend(Database& writer, int log_pages) {
  if (log_pages < kCopyPages) next_pages_ = kCopyPages;  // it has started over
  if (log_pages < next_pages_) return SQLITE_OK;
  std::unique_lock lock(mutex_);
  if (state_ == State::idle) {
    state_ = State::copying;
    changed_.notify_all();
  }
  if (log_pages >= next_pages_ + kGrowthPages) changed_.wait(lock, [this] { return state_ == State::copied; });
  if (state_ == State::copying) return SQLITE_OK;
  state_ = State::idle;
  next_pages_ = log_pages + kRetryPages;
  if (error_ != SQLITE_OK) return std::exchange(error_, SQLITE_OK);
  return copy(writer);
}

void Checkpointer::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return state_ == State::copying || closing_; });
    if (closing_) return;
    lock.unlock();
    int error = copy(db_);
    if (error == SQLITE_OK) error = copy(db_);  // what was appended meanwhile, so that little is left for the writer
    lock.lock();
    error_ = error;
    state_ = State::copied;
    changed_.notify_all();
  }
}

}  // namespace integrity::store::sqlite
