#include "store/bulk.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "store/mongo/bulk_rows.hpp"
#include "store/mongo/error_map.hpp"
#include "store/mongo/mongo_store.hpp"
#include "store/mongo/schema.hpp"

namespace integrity::store::mongo {
namespace {

using Take = std::function<void(Row)>;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A transaction with the writer lock keeps others from changing the migration state. One that was open and idle for so
// long belongs to a node that stopped or was killed; a node that continues after all runs its group again.
constexpr milliseconds kStopped{1000};
constexpr milliseconds kStateWait{250};
constexpr std::chrono::seconds kStateTimeLimit{30};

constexpr std::uint32_t kNamespaceNotFound = 26;

constexpr milliseconds kWritePause{100};
constexpr int kWriteAttempts = 20;

constexpr milliseconds kCommitPause{50};
constexpr int kCommitAttempts = 200;

std::size_t count_rows(Connection& connection, RowKind kind) {
  return with_type_of(kind, [&]<class T>(std::type_identity<T>) -> std::size_t {
    Array pipeline;
    pipeline.add(Doc("$match", Rows<T>::filter())).add(Doc("$count", "n"));
    Cursor found = connection.aggregate(Rows<T>::collection, pipeline);
    return found.next() ? static_cast<std::size_t>(found.view().take<std::int64_t>("n")) : 0;
  });
}

void read_rows(Connection& connection, RowKind kind, std::size_t skip, const Take& take) {
  with_type_of(kind, [&]<class T>(std::type_identity<T>) {
    const Doc how("sort", Rows<T>::order(), "skip", static_cast<std::int64_t>(skip), "allowDiskUse", true);
    for (Cursor found = connection.find(Rows<T>::collection, Rows<T>::filter(), how); found.next();) {
      try {
        take(Rows<T>::take(found.view()));
      } catch (const Unreadable& why) {
        throw Broken(std::string(Rows<T>::collection.text) + ": " + why.what() + ". Correct or remove it");
      }
    }
  });
}

Watermark watermark_of(Connection& connection) {
  const auto head = connection.first(in::meta, Doc("_id", "head"));
  if (!head) throw head_is_lost();
  const View view(*head);
  return {view.take<Time>("time"), view.take<std::int64_t>("number"), view.take<std::int64_t>("place")};
}

class MongoBulk final : public Bulk {
 public:
  MongoBulk(const std::string& uri, const model::ProductText& text)
      : text_(text), pool_(uri, Pool::CommandTime::long_running), client_(pool_) {
    Connection connection = reading();
    refuse_newer(connection);
  }

  std::string address() const override { return "mongodb://" + pool_.address() + "/" + pool_.database(); }

  std::optional<MigrationState> migration_state() override {
    Connection connection = reading();
    return seen_ = migration_state_of(connection);
  }

  bool empty() override {
    Connection connection = reading();
    const auto none = [&]<class T>(std::type_identity<T>) {
      return !connection.first(Rows<T>::collection, Rows<T>::filter());
    };
    return std::ranges::all_of(all_row_kinds(), [&](RowKind kind) { return with_type_of(kind, none); });
  }

  std::optional<std::string> foreign() override {
    Connection connection = reading();
    const auto name = foreign_collection(connection);
    return name ? std::optional("the collection " + *name) : std::nullopt;
  }

  void prepare() override { mongo::prepare(client_, text_); }

  // Complete when a majority has it. The maxTimeMS is for the document's lock, and would also run out while the server
  // waits for a majority. So the write does not wait for a majority; a read afterwards does. The read also tells
  // whether a write happened whose response was lost.
  void set_migration_state(const std::optional<MigrationState>& state) override {
    const Doc which = with_state_seen();
    // The count makes it a write in any case: a write that changes nothing would not wait for a transaction with the
    // lock.
    Doc how("$inc", Doc("groups", std::int64_t{1}));
    state ? how.add("$set", Doc("mark", mongo::to_doc(*state))) : how.add("$unset", Doc("mark", ""));
    const Doc set("findAndModify", "meta", "query", which, "update", how, "maxTimeMS",
                  std::int64_t{kStateWait.count()});
    Connection connection = reading();
    bool was_set = false, lost = false, in_the_way = false;
    for (const auto deadline = steady_clock::now() + kStateTimeLimit;;) {
      try {
        if (std::exchange(in_the_way, false)) connection.end_stopped_transactions(kStopped);
        if (!was_set) was_set = View(connection.command(set, Doc("writeConcern", Doc("w", 1)))).has("value");
        const auto found = migration_state_of(connection);
        if (found == state && (was_set || (lost && seen_ != state))) {
          seen_ = state;
          return;
        }
        if (found != seen_ || steady_clock::now() >= deadline) break;
        was_set = false;  // the primary that took it was replaced before a majority had it
      } catch (const Trouble& trouble) {
        if (steady_clock::now() >= deadline) throw;
        in_the_way = trouble.kind == Kind::out_of_time;
        lost = lost || !in_the_way;
        if (!in_the_way) std::this_thread::sleep_for(kStateWait);
      }
    }
    throw Unavailable(address() + ": another program began or ended a migration meanwhile; check again");
  }

  std::size_t count(RowKind kind) override {
    Connection connection = reading();
    return count_rows(connection, kind);
  }

  void read(RowKind kind, std::size_t skip, const Take& take) override {
    Connection connection = reading();
    read_rows(connection, kind, skip, take);
  }

  // Takes the writer lock first, as every write does: so no other program writes, and the migration state is still the
  // same.
  void write(std::span<const Row> rows) override {
    if (rows.empty()) return;
    std::vector<Write> writes;
    for (const Row& row : rows) {
      Doc document = std::visit([this]<class T>(const T& value) { return Rows<T>::doc(value, text_); }, row);
      writes.push_back({Write::How::insert, {}, std::move(document)});
    }
    const Name collection = std::visit([]<class T>(const T&) { return Rows<T>::collection; }, rows.front());
    for (int attempt = 1;; ++attempt) {
      try {
        return in_transaction([&](Connection& connection) { connection.send(collection, writes); });
      } catch (const Trouble& trouble) {
        if (trouble.kind != Kind::conflict || attempt == kWriteAttempts) throw;
      }
      // There is no other writer: the server's cache has no room for so much, or not now.
      std::this_thread::sleep_for(kWritePause * attempt);
      if (const auto half = rows.size() / 2; half > 0) return (write(rows.first(half)), write(rows.subspan(half)));
    }
  }

  // Whole collections: removing each of a million documents takes minutes. The migration state is in `meta`, which stays.
  void clear() override {
    if (!seen_ || !seen_->closed() || seen_->role != MigrationState::Role::target) {
      throw std::logic_error("only what a migration or a restore left is removed");
    }
    Connection connection = reading();
    connection.remove(in::meta, Doc("_id", "schema"));  // so that `prepare` makes the collections again
    for (const RowKind kind : all_row_kinds()) {
      const Name collection =
          with_type_of(kind, []<class T>(std::type_identity<T>) -> Name { return Rows<T>::collection; });
      connection.try_command(Doc("drop", collection.text), kNamespaceNotFound);
    }
    prepare();
  }

  Watermark watermark() override {
    Connection connection = reading();
    return watermark_of(connection);
  }

  void set_watermark(const Watermark& watermark) override {
    in_transaction([&](Connection& connection) {
      connection.send(
          in::meta,
          {{Write::How::update, Doc("_id", "head"),
            Doc("$set", Doc("time", watermark.time, "number", watermark.number, "place", watermark.sequence))}});
    });
  }

 private:
  Connection reading() { return Connection(client_, Connection::Sees::majority); }

  // The head document, with the migration state that this object read or set last.
  Doc with_state_seen() const {
    return seen_ ? Doc("_id", "head", "mark.move", seen_->move, "mark.complete", seen_->complete)
                 : Doc("_id", "head", "mark", Doc("$exists", false));
  }

  void in_transaction(const std::function<void(Connection&)>& work) {
    Connection connection(client_, Connection::Sees::transaction);
    connection.begin();
    try {
      if (!connection.find_and_update(in::meta, with_state_seen(), Doc("$inc", Doc("groups", std::int64_t{1})))) {
        throw Unavailable(address() + ": another program ended this migration meanwhile");
      }
      work(connection);
      commit(connection);
    } catch (...) {
      connection.abort();
      throw;
    }
  }

  void commit(Connection& connection) {
    for (int attempt = 1; !connection.commit(); ++attempt) {
      if (attempt == kCommitAttempts) throw Unavailable(address() + ": it is not known whether a commit happened");
      std::this_thread::sleep_for(kCommitPause);
    }
  }

  const model::ProductText text_;
  Pool pool_;
  Client client_;
  std::optional<MigrationState> seen_;
};

// Its reads are in one session of the driver, which asks for the same cluster time each time (readConcern snapshot).
class MongoSnapshot final : public RowSource {
 public:
  explicit MongoSnapshot(const std::string& uri)
      : pool_(uri, Pool::CommandTime::long_running), client_(pool_), connection_(client_, Connection::Sees::one_state) {
    refuse_newer(connection_);
    if (is_older(connection_)) {
      throw Unavailable(address() +
                        ": an older program made this database. Start the server once: it brings it up to date");
    }
    expect_open(connection_);
  }

  std::string address() const override { return "mongodb://" + pool_.address() + "/" + pool_.database(); }
  std::size_t count(RowKind kind) override {
    return held([&] { return count_rows(connection_, kind); });
  }
  void read(RowKind kind, std::size_t skip, const Take& take) override {
    held([&] { read_rows(connection_, kind, skip, take); });
  }
  Watermark watermark() override {
    return held([&] { return watermark_of(connection_); });
  }

 private:
  template <class Work>
  auto held(Work work) -> decltype(work()) {
    try {
      return work();
    } catch (const Trouble& trouble) {
      if (trouble.kind != Kind::conflict) throw;  // SnapshotTooOld, SnapshotUnavailable: nothing is written here
      throw Unavailable(address() +
                        ": the snapshot could not be held until everything was read; MongoDB keeps one for 300 s. Let"
                        " it keep more on all members (setParameter minSnapshotHistoryWindowInSeconds: 3600), or back"
                        " up with MongoDB's means: mongodump --oplog, or a snapshot of a member's disk");
    }
  }

  Pool pool_;
  Client client_;
  Connection connection_;
};

}  // namespace

std::unique_ptr<RowSource> open_mongo_snapshot(const std::string& uri) {
  return std::make_unique<MongoSnapshot>(uri);
}

std::unique_ptr<Bulk> open_mongo_bulk(const std::string& uri, const model::ProductText& text) {
  return std::make_unique<MongoBulk>(uri, text);
}

}  // namespace integrity::store::mongo
