// Copies the write-ahead log back into the database file on its own thread, so that no write waits for it.
//
// The thread copies over its own connection while the writer appends to the log. A copy is not complete as long as
// something is appended, and SQLite writes the log from its beginning only after a complete copy. So the writer copies
// the rest itself, between two groups: what was appended during the thread's copy, which takes a few milliseconds.
#pragma once
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

class Checkpointer {
 public:
  explicit Checkpointer(const std::filesystem::path& file);
  ~Checkpointer();

  // Called by the writer after each commit, outside of a transaction, with the length of the log. Returns SQLITE_OK, or
  // the error of this copy or the thread's.
  int tend(Database& writer, int log_pages);

 private:
  enum class State : std::uint8_t { idle, copying, copied };
  void loop();

  Database db_;
  int next_pages_;  // the log is copied next when it has this length; used by the writer's thread

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::idle;
  int error_ = SQLITE_OK;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace integrity::store::sqlite
