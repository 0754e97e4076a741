// The writer: one thread that runs whatever is queued as a group and commits it at once. See
// README.md.
#pragma once
#include <chrono>
#include <thread>
#include <vector>

#include "store/meters.hpp"
#include "store/sqlite/checkpointer.hpp"
#include "store/sqlite/page_cache.hpp"
#include "store/sqlite/product_cache.hpp"
#include "store/sqlite/session_map.hpp"
#include "store/sqlite/write_tx.hpp"
#include "store/write_queue.hpp"

namespace integrity::store::sqlite {

class Writer {
 public:
  struct Options {
    std::size_t queue_max;
    bool run_writes_twice;
  };
  // `db` is the writer's alone until the destructor has returned.
  Writer(Database& db, const Clock& clock, const model::ProductText& text, Options options, ProductCache& cache,
         PageCache& pages, SessionMap& sessions, KeyMap& keys, Meters& meters);
  ~Writer();  // after what is queued was answered

  void submit(std::unique_ptr<Job> job) { queue_.submit(std::move(job)); }
  std::size_t waiting() { return queue_.waiting(); }

 private:
  // What to do about a job that must leave no trace but has written already.
  enum class Undo : std::uint8_t { by_starting_over, by_savepoint };

  void loop();
  bool words_wait() const;
  void tend_words(bool idle);
  bool index_words();
  void delay_words(const char* cause) noexcept;
  void write_group() noexcept;
  bool run_group(Undo undo);
  bool run(std::size_t index);
  void publish() noexcept;
  void answer_group();
  void fail_group(const Error& error) noexcept;
  void checkpoint();
  Error report(int code, const char* cause) noexcept;

  Database& db_;
  const Options options_;
  ProductCache& cache_;
  PageCache& pages_;
  SessionMap& sessions_;
  KeyMap& keys_;
  Meters& meters_;
  SqliteWriteTx tx_;

  // Of the writer's thread.
  WriteQueue::Group group_;
  std::vector<Status> answers_;
  int wal_pages_ = 0;
  std::chrono::steady_clock::time_point words_retry_at_{};
  bool stopped_ = false;  // by an error after which nothing more can be promised
  Checkpointer checkpointer_;

  WriteQueue queue_;
  std::thread thread_;
};

}  // namespace integrity::store::sqlite
