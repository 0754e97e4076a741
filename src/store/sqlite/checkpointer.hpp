// Copies the log back into the database file on a thread of its own, so that no write waits for it.
//
// A thread with a connection of its own copies what the log holds, while the writer appends to it. As long as something
// is appended a copy is never complete, and only a log that was copied completely is begun again. So the writer copies
// the rest itself, between two groups: what came during the copy before, a few milliseconds' worth.
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

  // By the writer after each commit, outside of a transaction, with the length of the log. Gives SQLITE_OK or the error
  // of a copy, its own or the thread's.
  int tend(Database& writer, int log_pages);

 private:
  enum class State : std::uint8_t { idle, copying, copied };
  void loop();

  Database db_;
  int next_pages_;  // of the writer's thread: the length of the log at which it is copied next

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::idle;
  int error_ = SQLITE_OK;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace integrity::store::sqlite
