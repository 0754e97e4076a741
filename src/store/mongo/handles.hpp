// The handles of libmongoc as values: a pool of clients, and connections. A Connection is one client with one session
// of the driver; all queries and writes go through one. Errors are exceptions (error_map.hpp).
//
//   Client client(pool);
//   Connection connection(client, Connection::Sees::majority);
//   if (auto found = connection.first("users", Doc("_id", id))) …
//
// One thread at a time uses a Client and its connections; any thread may use a pool.
#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "store/mongo/bson.hpp"
#include "store/mongo/standing.hpp"

namespace integrity::store::mongo {

// The cluster time of an operation. A read at or after it shows what was acknowledged before it, also on a primary that
// was elected since then and does not know yet what the majority has.
struct OperationTime {
  std::uint32_t seconds = 0, count = 0;
};

// The latest one that this process has seen.
class LatestOperationTime {
 public:
  OperationTime get() const {
    const auto packed = packed_.load();
    return {static_cast<std::uint32_t>(packed >> 32), static_cast<std::uint32_t>(packed)};
  }
  void advance(OperationTime to) {
    const auto packed = std::uint64_t{to.seconds} << 32 | to.count;
    for (auto seen = packed_.load(); seen < packed && !packed_.compare_exchange_weak(seen, packed);) {
    }
  }

 private:
  std::atomic<std::uint64_t> packed_ = 0;
};

class Pool {
 public:
  // How long a command may take: `usual` where a client waits, `long_running` for building indexes and for migrations.
  enum class CommandTime : std::uint8_t { usual, long_running };

  // Asks the servers: throws Unavailable where there is no replica set.
  explicit Pool(const std::string& uri, CommandTime time = CommandTime::usual);

  const std::string& database() const { return database_; }
  const std::string& address() const { return address_; }  // host:port,…: no user, no password
  // The beginning of the appName of every node of this database.
  std::string app_name() const;
  LatestOperationTime& latest() { return latest_; }
  Standing& standing() { return standing_; }

 private:
  friend class Client;
  struct Destroy {
    void operator()(mongoc_client_pool_t* pool) const { mongoc_client_pool_destroy(pool); }
  };
  std::string database_, address_;
  std::unique_ptr<mongoc_client_pool_t, Destroy> pool_;
  LatestOperationTime latest_;
  Standing standing_;
};

class Client {
 public:
  explicit Client(Pool& pool);  // waits a little for a free one
  mongoc_client_t* get() const { return client_.get(); }
  Pool& pool() const { return pool_; }

 private:
  struct GiveBack {
    mongoc_client_pool_t* pool;
    void operator()(mongoc_client_t* client) const { mongoc_client_pool_push(pool, client); }
  };
  Pool& pool_;
  std::unique_ptr<mongoc_client_t, GiveBack> client_;
};

using CollectionHandle = std::unique_ptr<mongoc_collection_t, decltype(&mongoc_collection_destroy)>;

// The documents that a query finds, one after the other.
class Cursor {
 public:
  Cursor(CollectionHandle collection, mongoc_cursor_t* cursor)
      : collection_(std::move(collection)), cursor_(cursor, &mongoc_cursor_destroy) {}
  bool next();  // false after the last one
  // From now on the server is asked for so many documents at a time.
  void set_batch(std::uint32_t documents) { mongoc_cursor_set_batch_size(cursor_.get(), documents); }
  View view() const { return View(found_); }
  const bson_t* found() const { return found_; }

 private:
  CollectionHandle collection_;
  std::unique_ptr<mongoc_cursor_t, decltype(&mongoc_cursor_destroy)> cursor_;
  const bson_t* found_ = nullptr;
};

// One of several writes in one command.
struct Write {
  enum class How : std::uint8_t { insert, update, replace, remove } how;
  Doc which;
  Doc what;
};

class Connection {
 public:
  enum class Sees : std::uint8_t {
    majority,     // each query: what a majority of the members has at that time
    one_state,    // all queries: the state of the first one
    transaction,  // one state, and what this connection has written since `begin`
  };
  enum class Upsert : std::uint8_t { no, yes };

  Connection(Client& client, Sees sees);
  Connection(Connection&&) = default;
  ~Connection();

  // From now on the server ends a find or aggregation after this time (maxTimeMS for all its batches together), unless
  // its options set another one: Trouble, out_of_time. Without a limit it would go on for a client that has gone. Not
  // in a transaction, which would end too.
  void limit_reads(std::chrono::milliseconds time_max) { read_time_max_ = time_max; }
  // For requests: shorter than the socket timeout (connect.cpp).
  static constexpr std::chrono::milliseconds request_time_max{5000};

  // A cursor uses its connection, which must outlive it.
  Cursor find(Name collection, const Doc& filter, const Doc& options = {}) &;
  std::optional<Doc> first(Name collection, const Doc& filter, const Doc& options = {});
  Cursor aggregate(Name collection, const Array& pipeline) &;

  // How many documents matched; one that was inserted counts.
  std::int64_t update(Name collection, const Doc& which, const Doc& how, Upsert upsert = Upsert::no);
  void update_all(Name collection, const Doc& which, const Doc& how) { update_all(collection, which, how.get()); }
  void update_all(Name collection, const Doc& which, const Array& how) { update_all(collection, which, how.get()); }
  std::int64_t replace(Name collection, const Doc& which, const Doc& with);
  std::int64_t remove(Name collection, const Doc& which);  // all that match; returns how many
  // Changes one document and returns it as it is afterwards.
  std::optional<Doc> find_and_update(Name collection, const Doc& which, const Doc& how);
  std::optional<Doc> find_and_remove(Name collection, const Doc& which);
  // In their order. Throws Broken where an update or removal matches no document.
  void send(Name collection, const std::vector<Write>& writes);
  Doc command(const Doc& command, const Doc& options = {});  // on the database
  Doc ask(const Doc& command);                               // on the database, one that only reads
  bool try_command(const Doc& command,
                   std::uint32_t expected_error);  // false: the server answered with this error

  void begin();
  // False: it is not known whether the transaction was committed; calling again is allowed, and may tell. A Trouble
  // means that it was not committed.
  bool commit();
  void abort() noexcept;
  // Ends the transactions of nodes of this database that have been open for longer and are idle, because those nodes
  // have stopped. A node that continues afterwards gets an error: its transaction did not happen. Returns how many it
  // ended.
  int end_stopped_transactions(std::chrono::microseconds open_longer_than);
  bool in_transaction() const { return mongoc_client_session_in_transaction(session_.get()); }

 private:
  // Their sessions, and for how many microseconds each was active.
  using OpenTransactions = std::vector<std::pair<Doc, std::int64_t>>;
  OpenTransactions open_transactions(std::chrono::microseconds open_longer_than);

  void update_all(Name collection, const Doc& which, const bson_t* how);
  CollectionHandle collection(Name name);
  Doc with_session(const Doc& options = {}) const;
  std::optional<Doc> find_and_modify(const Doc& command);
  void note_operation_time();

  Client* client_;
  Sees sees_;
  std::optional<std::chrono::milliseconds> read_time_max_;
  std::unique_ptr<mongoc_client_session_t, decltype(&mongoc_client_session_destroy)> session_;
};

}  // namespace integrity::store::mongo
