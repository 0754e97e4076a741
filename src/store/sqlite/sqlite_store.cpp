#include "store/sqlite/sqlite_store.hpp"

#include "store/sqlite/rows.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/watermark.hpp"
#include "store/sqlite/writer.hpp"

namespace integrity::store::sqlite {
namespace {

constexpr std::size_t kCacheBytesMax = 16 * 1024 * 1024;
constexpr std::size_t kPageCacheBytesMax = 16 * 1024 * 1024;
constexpr std::size_t kIdleReadersMax = 8;

Database open_for_writing(const SqliteOptions& options) {
  Database db(options.file, options.create ? Database::Open::create : Database::Open::write);
  expect_open(db);
  make_ready(db, options.text);
  return db;
}

std::unique_ptr<Database> open_for_reading(const std::filesystem::path& file) {
  auto db = std::make_unique<Database>(file, Database::Open::read);
  db->execute("PRAGMA cache_size = -1024;");
  return db;
}

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code none;
  const auto size = std::filesystem::file_size(file, none);
  return none ? 0 : size;
}

// Connections for reading: made when none is idle, kept up to a number.
class Readers {
 public:
  explicit Readers(std::filesystem::path file) : file_(std::move(file)) {}

  std::unique_ptr<Database> borrow() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto db = std::move(idle_.back());
        idle_.pop_back();
        return db;
      }
    }
    return open_for_reading(file_);
  }
  void give_back(std::unique_ptr<Database> db) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleReadersMax) idle_.push_back(std::move(db));
  }

 private:
  const std::filesystem::path file_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Database>> idle_;
};

// Takes a connection when the first question needs one: a product from the cache does not.
class PooledReader : public Reader {
 public:
  PooledReader(Readers& readers, const model::ProductText& text) : Reader(text), readers_(readers) {}
  ~PooledReader() override {
    if (db_) readers_.give_back(std::move(db_));
  }

 protected:
  Database& db() override {
    if (!db_) db_ = readers_.borrow();
    return *db_;
  }
  std::unique_ptr<Database> db_;

 private:
  Readers& readers_;
};

class CachedReader final : public PooledReader {
 public:
  CachedReader(Readers& readers, const model::ProductText& text, ProductCache& cache, PageCache& pages)
      : PooledReader(readers, text), cache_(cache), pages_(pages) {}
  std::shared_ptr<const model::RenderedProduct> rendered_product(const ProductId& id) override {
    if (auto hit = cache_.find(id)) return hit;
    const auto ticket = cache_.ticket(id);
    auto found = ReadTx::rendered_product(id);
    if (found) cache_.put(ticket, found);
    return found;
  }
  std::shared_ptr<const model::RenderedPage> rendered_products(const model::ProductQuery& query) override {
    if (auto hit = pages_.find(query)) return hit;
    const auto generation = pages_.generation();
    auto found = ReadTx::rendered_products(query);
    // A page that ended early for lack of time may have more in it the next time.
    const bool whole = !query.time_max || found->next.empty() || found->count == query.limit;
    if (whole) pages_.put(query, generation, found);
    return found;
  }

 private:
  ProductCache& cache_;
  PageCache& pages_;
};

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(const SqliteOptions& options)
      : clock_(*options.clock),
        text_(options.text),
        file_(options.file),
        db_(open_for_writing(options)),
        cache_(kCacheBytesMax),
        pages_(kPageCacheBytesMax),
        readers_(options.file) {
    for (auto row = db_.query(select_from<model::Session>); row.next();) {
      const auto session = take<model::Session>(row);
      sessions_.put(session.id, session);
    }
    for (auto row = db_.query(select_from<model::ApiKey, "WHERE revoked_at IS NULL">); row.next();) {
      const auto key = std::make_shared<const model::ApiKey>(take<model::ApiKey>(row));
      keys_.put(key->hash, key);
    }
    writer_.emplace(db_, clock_, text_, Writer::Options{options.queue_max, options.run_writes_twice}, cache_, pages_,
                    sessions_, keys_, meters);
  }

  std::unique_ptr<ReadTx> read() override { return std::make_unique<CachedReader>(readers_, text_, cache_, pages_); }

  std::optional<model::Session> session(const SessionId& id) override {
    auto found = sessions_.find(id);
    if (found && model::is_over(*found, clock_.now())) return {};
    return found;
  }
  std::shared_ptr<const model::ApiKey> api_key(const model::Digest& hash) override {
    auto found = keys_.find(hash).value_or(nullptr);
    if (found && !usable(*found, clock_.now())) return {};
    return found;
  }
  void submit(std::unique_ptr<Job> job) override { writer_->submit(std::move(job)); }

  Figures figures() override {
    return {.sessions = sessions_.size(),
            .database_bytes = size_of(file_),
            .wal_bytes = size_of(file_.string() + "-wal"),
            .write_queue = writer_->waiting(),
            .products = cache_.lookups(),
            .pages = pages_.lookups()};
  }

 private:
  // Destroyed from below: the writer ends, readers close, and the last connection to close is the
  // writer's, which copies the log back into the file.
  const Clock& clock_;
  const model::ProductText text_;
  const std::filesystem::path file_;
  Database db_;
  ProductCache cache_;
  PageCache pages_;
  SessionMap sessions_;
  KeyMap keys_;
  Readers readers_;
  std::optional<Writer> writer_;
};

// A connection of its own, in one read transaction until the end.
class FileSnapshot final : public Reader {
 public:
  explicit FileSnapshot(const std::filesystem::path& file) : Reader({}), db_(open_for_reading(file)) {
    db_->execute("BEGIN");
    expect_current(*db_);
    expect_open(*db_);
  }

 private:
  Database& db() override { return *db_; }
  std::unique_ptr<Database> db_;
};

}  // namespace

std::unique_ptr<Store> open_sqlite(const SqliteOptions& options) {
  return naming(options.file, [&] { return std::make_unique<SqliteStore>(options); });
}

std::unique_ptr<ReadTx> open_sqlite_snapshot(const std::filesystem::path& file) {
  return naming(file, [&] { return std::make_unique<FileSnapshot>(file); });
}

}  // namespace integrity::store::sqlite
