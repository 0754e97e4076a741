// libmongoc's handles as values: a pool of clients, and links: one client with one session, through which everything is
// asked and written. Every error throws what error_map.hpp says.
//
//   Client client(pool);
//   Connection link(client, Connection::Sees::majority);
//   if (auto found = link.first("users", Doc("_id", id))) …
//
// A Client and its links are used by one thread at a time; a pool by any.
#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "store/mongo/bson.hpp"
#include "store/mongo/standing.hpp"

namespace integrity::store::mongo {

// A point in the replica set's time. What is read behind it shows what was acknowledged before it, also by a primary
// that was elected since and does not know yet how far the majority is.
struct OperationTime {
  std::uint32_t seconds = 0, count = 0;
};

// The latest that this process has heard of.
class LatestMoment {
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
  // How long an answer may take: `usual` ones are for clients that wait, `long_ones` for indexes and moves.
  enum class Answers : std::uint8_t { usual, long_ones };

  // Looks at the servers: throws Unavailable where there is no replica set.
  explicit Pool(const std::string& uri, Answers answers = Answers::usual);

  const std::string& database() const { return database_; }
  const std::string& address() const { return address_; }  // host:port,…: no user, no password
  // What the name of every node of this database begins with, as the servers know it.
  std::string app_name() const;
  LatestMoment& latest() { return latest_; }
  Standing& standing() { return standing_; }

 private:
  friend class Client;
  struct Destroy {
    void operator()(mongoc_client_pool_t* pool) const { mongoc_client_pool_destroy(pool); }
  };
  std::string database_, address_;
  std::unique_ptr<mongoc_client_pool_t, Destroy> pool_;
  LatestMoment latest_;
  Standing standing_;
};

class Client {
 public:
  explicit Client(Pool& pool);  // waits for one that is free, not for long
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

// What a query finds, one document after the other.
class Cursor {
 public:
  Cursor(CollectionHandle collection, mongoc_cursor_t* cursor)
      : collection_(std::move(collection)), cursor_(cursor, &mongoc_cursor_destroy) {}
  bool next();  // false behind the last one
  // What the server is asked for at a time from now on.
  void set_batch(std::uint32_t documents) { mongoc_cursor_set_batch_size(cursor_.get(), documents); }
  View view() const { return View(found_); }
  const bson_t* found() const { return found_; }

 private:
  CollectionHandle collection_;
  std::unique_ptr<mongoc_cursor_t, decltype(&mongoc_cursor_destroy)> cursor_;
  const bson_t* found_ = nullptr;
};

// One of several writes that are sent together.
struct Write {
  enum class How : std::uint8_t { insert, update, replace, remove } how;
  Doc which;
  Doc what;
};

class Connection {
 public:
  enum class Sees : std::uint8_t {
    majority,     // each question what a majority of the members has by then
    one_state,    // all questions the state of the first one
    transaction,  // one state and what was written here since `begin`
  };
  enum class Upsert : std::uint8_t { no, yes };

  Connection(Client& client, Sees sees);
  Connection(Connection&&) = default;
  ~Connection();

  // From now on the server gives up a find, all its batches together, after this time (maxTimeMS), unless its options
  // say another: Trouble, out_of_time. Without a limit it would go on for a client that has long since gone. Not in a
  // transaction, which would end with it.
  void limit_reads(std::chrono::milliseconds time_max) { read_time_max_ = time_max; }
  // For a request: shorter than the socket is waited for (connect.cpp).
  static constexpr std::chrono::milliseconds request_time_max{5000};

  // A cursor goes on asking through its link, which has to live as long.
  Cursor find(Name collection, const Doc& filter, const Doc& options = {}) &;
  std::optional<Doc> first(Name collection, const Doc& filter, const Doc& options = {});
  Cursor aggregate(Name collection, const Array& pipeline) &;

  // How many it met, an inserted one included.
  std::int64_t update(Name collection, const Doc& which, const Doc& how, Upsert upsert = Upsert::no);
  void update_all(Name collection, const Doc& which, const Doc& how);
  std::int64_t replace(Name collection, const Doc& which, const Doc& with);
  std::int64_t remove(Name collection, const Doc& which);  // all of these
  // Changes one document; gives it as it is afterwards.
  std::optional<Doc> find_and_update(Name collection, const Doc& which, const Doc& how);
  std::optional<Doc> find_and_remove(Name collection, const Doc& which);
  // In their order. Throws Broken where an update meets no document: it was expected there.
  void send(Name collection, const std::vector<Write>& writes);
  Doc command(const Doc& command, const Doc& options = {});  // of the database
  Doc ask(const Doc& command);                               // of the database, one that only reads
  bool try_command(const Doc& command,
                   std::uint32_t expected_error);  // false: it ended with this error of the server's

  void begin();
  // False: the transaction may have been committed or not; asking again is allowed, and tells. A Trouble says that it
  // was not committed.
  bool commit();
  void abort() noexcept;
  // Ends transactions of nodes of this database that have been open for longer and in which nothing is going on: those
  // nodes have stopped. One that goes on afterwards learns that its transaction did not happen. How many it ended.
  int end_stopped_transactions(std::chrono::microseconds open_longer_than);
  bool in_transaction() const { return mongoc_client_session_in_transaction(session_.get()); }

 private:
  // Their sessions, and how many microseconds each was at work.
  using OpenTransactions = std::vector<std::pair<Doc, std::int64_t>>;
  OpenTransactions open_transactions(std::chrono::microseconds open_longer_than);

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
