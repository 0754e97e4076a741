// The writer: one thread that runs whatever is queued as a group and commits it at once. See
// README.md.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "store/sqlite/page_cache.hpp"
#include "store/sqlite/product_cache.hpp"
#include "store/sqlite/session_map.hpp"
#include "store/sqlite/write_tx.hpp"

namespace integrity::store::sqlite {

class Writer {
 public:
  struct Options {
    std::size_t queue_max;
    bool run_writes_twice;
  };
  // `db` is the writer's alone until the destructor has returned.
  Writer(Database& db, const Clock& clock, const model::ProductText& text, Options options, ProductCache& cache,
         PageCache& pages, SessionMap& sessions);
  ~Writer();  // after what is queued was answered

  void submit(std::unique_ptr<Job> job);

 private:
  // What to do about a job that must leave no trace but has written already.
  enum class Undo : std::uint8_t { by_starting_over, by_savepoint };

  void loop();
  bool take_group();
  void write_group();
  bool run_group(Undo undo);
  bool run_job(std::size_t index);
  void publish();
  void answer_group();
  void fail_group(const Failure& failure);
  void checkpoint();
  Error report(const Failure& failure);

  Database& db_;
  const Options options_;
  ProductCache& cache_;
  PageCache& pages_;
  SessionMap& sessions_;
  SqliteWriteTx tx_;

  // Of the writer's thread.
  std::vector<std::unique_ptr<Job>> group_;
  std::vector<Status> answers_;
  int wal_pages_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> queue_;
  bool sleeping_ = false;
  bool closing_ = false;
  std::optional<Error> stopped_;  // by an error after which nothing more can be promised
  std::thread thread_;
};

}  // namespace integrity::store::sqlite
