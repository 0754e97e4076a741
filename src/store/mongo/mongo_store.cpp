#include "store/mongo/mongo_store.hpp"

#include "model/lifetime.hpp"
#include "store/mongo/codec.hpp"
#include "store/mongo/connect.hpp"
#include "store/mongo/schema.hpp"
#include "store/mongo/search.hpp"
#include "store/mongo/watch.hpp"
#include "store/mongo/writer.hpp"

namespace integrity::store::mongo {
namespace {

Connection limited(Client& client, Connection::Sees sees) {
  Connection connection(client, sees);
  connection.limit_reads(Connection::request_time_max);
  return connection;
}

// Reads from the primary what a majority has. Takes a connection when the first query needs one.
class MajorityReader final : public Reader {
 public:
  MajorityReader(Pool& pool, const model::ProductText& text) : Reader(text), pool_(pool) {}

  // A list is one state, and a search may need several queries. MongoDB's snapshot sessions cannot wait for an
  // operation time. So the same primary gets another query first, which waits until the primary knows that the majority
  // has what was acknowledged.
  model::ProductPage products(const model::ProductQuery& query) override {
    first(in::meta, Doc("_id", "head"));
    Connection one_state = limited(*client_, Connection::Sees::one_state);
    return search(one_state, query);
  }

 private:
  Connection& connection(Name) override {
    pool_.standing().expect_readable();
    if (!connection_) connection_.emplace(limited(client_.emplace(pool_), Connection::Sees::majority));
    return *connection_;
  }

  Pool& pool_;
  std::optional<Client> client_;
  std::optional<Connection> connection_;
};

class MongoStore final : public Store {
 public:
  explicit MongoStore(const MongoOptions& options) : clock_(*options.clock), text_(options.text), pool_(options.uri) {
    {
      Client client(pool_);
      Connection connection(client, Connection::Sees::majority);
      expect_open(connection);
      if (is_older(connection)) {  // there may be indexes to build
        Pool long_pool(options.uri, Pool::CommandTime::long_running);
        Client long_client(long_pool);
        prepare(long_client, text_);
      } else {
        prepare(client, text_);
      }
    }
    pool_.standing().allow_clock_off(options.clock_off_max);
    watch_.emplace(pool_, clock_, meters);
    writer_.emplace(pool_, clock_, text_,
                    Writer::Options{options.queue_max, options.time_limit, options.run_writes_twice}, meters);
  }

  bool remote() const override { return true; }
  Time shared_time(Time now) override {
    const Millis ahead = pool_.standing().ahead(now).value_or(Millis(0));
    return std::chrono::abs(ahead) <= model::clock_error_max ? now - ahead : now;
  }
  std::unique_ptr<ReadTx> read() override { return std::make_unique<MajorityReader>(pool_, text_); }

  // Not cached: another node may have ended it just now.
  std::optional<model::Session> session(const SessionId& id) override {
    pool_.standing().expect_readable();
    Client client(pool_);
    const auto found = limited(client, Connection::Sees::majority).first(in::sessions, Doc("_id", id));
    if (!found) return {};
    const auto session = take<model::Session>(View(*found));
    if (model::is_over(session, clock_.now())) return {};
    return session;
  }
  std::shared_ptr<const model::ApiKey> api_key(const model::Digest& hash) override {
    pool_.standing().expect_readable();
    Client client(pool_);
    const auto found = limited(client, Connection::Sees::majority).first(in::api_keys, Doc("hash", hash));
    if (!found) return {};
    auto key = std::make_shared<const model::ApiKey>(take<model::ApiKey>(View(*found)));
    return usable(*key, clock_.now()) ? key : nullptr;
  }
  void submit(std::unique_ptr<Job> job) override { writer_->submit(std::move(job)); }
  Figures figures() override {
    return {
        .sessions = watch_->sessions(), .database_bytes = watch_->database_bytes(), .write_queue = writer_->waiting()};
  }

 private:
  const Clock& clock_;
  const model::ProductText text_;
  Pool pool_;
  std::optional<Watch> watch_;
  std::optional<Writer> writer_;  // ends first
};

}  // namespace

std::unique_ptr<Store> open_mongo(const MongoOptions& options) {
  try {
    return std::make_unique<MongoStore>(options);
  } catch (const Trouble& trouble) {
    const std::string_view what = trouble.what();
    if (what.find("No suitable servers") == what.npos) throw;
    throw Unavailable("the replica set has no primary that answers; start again when it has one. " + std::string(what));
  }
}

std::string no_address(const std::string& uri) {
  try {
    read_address(uri);
    return {};
  } catch (const Unavailable& unavailable) {
    return unavailable.what();
  }
}

bool is_mongo_store(const std::string& uri) {
  Pool pool(uri);
  Client client(pool);
  return Connection(client, Connection::Sees::majority).first(in::meta, Doc("_id", "schema")).has_value();
}

}  // namespace integrity::store::mongo
