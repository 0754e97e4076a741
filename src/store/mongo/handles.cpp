#include "store/mongo/handles.hpp"

#include <algorithm>
#include <thread>

#include "store/mongo/connect.hpp"
#include "store/mongo/error_map.hpp"

namespace integrity::store::mongo {
namespace {

// Longer than any round trip.
constexpr std::chrono::milliseconds kBetweenChecks{300};

// A reply that libmongoc fills in, also where the call fails.
class Reply {
 public:
  Reply() = default;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply() { bson_destroy(&bson_); }
  bson_t* get() { return &bson_; }
  View view() const { return View(&bson_); }

 private:
  bson_t bson_ = BSON_INITIALIZER;
};

template <class T, class Destroy>
auto owned(T* handle, Destroy* destroy) {
  return std::unique_ptr<T, Destroy*>(handle, destroy);
}

auto new_session(Client& client, Connection::Sees sees) {
  const auto options = owned(mongoc_session_opts_new(), mongoc_session_opts_destroy);
  const bool one_state = sees == Connection::Sees::one_state;
  mongoc_session_opts_set_snapshot(options.get(), one_state);
  mongoc_session_opts_set_causal_consistency(options.get(), !one_state);
  bson_error_t error;
  mongoc_client_session_t* const session = mongoc_client_start_session(client.get(), options.get(), &error);
  if (session == nullptr) raise(error, nullptr);
  return session;
}

}  // namespace

Pool::Pool(const std::string& text, CommandTime time) {
  const auto uri = look_up(text);
  database_ = mongoc_uri_get_database(uri.get());
  address_ = addresses(uri.get());
  if (time == CommandTime::long_running) wait_long(uri.get());
  bson_error_t error;
  pool_.reset(mongoc_client_pool_new_with_error(uri.get(), &error));
  if (!pool_) raise(error, nullptr);
  mongoc_client_pool_set_error_api(pool_.get(), MONGOC_ERROR_API_VERSION_2);
}

std::string Pool::app_name() const {
  return app_name_of(database_);
}

Client::Client(Pool& pool)
    : pool_(pool), client_(mongoc_client_pool_pop(pool.pool_.get()), GiveBack{pool.pool_.get()}) {
  if (!client_) throw Trouble(Kind::away, "mongodb: all connections are in use");
}

bool Cursor::next() {
  if (mongoc_cursor_next(cursor_.get(), &found_)) return true;
  bson_error_t error;
  const bson_t* reply = nullptr;
  if (mongoc_cursor_error_document(cursor_.get(), &error, &reply)) raise(error, reply);
  return false;
}

Connection::Connection(Client& client, Sees sees)
    : client_(&client), sees_(sees), session_(new_session(client, sees), &mongoc_client_session_destroy) {
  if (sees == Sees::one_state) return;
  const OperationTime latest = client.pool().latest().get();
  if (latest.seconds != 0) {
    mongoc_client_session_advance_operation_time(session_.get(), latest.seconds, latest.count);
  }
}

Connection::~Connection() {
  if (session_) note_operation_time();
}

void Connection::note_operation_time() {
  OperationTime time;
  mongoc_client_session_get_operation_time(session_.get(), &time.seconds, &time.count);
  client_->pool().latest().advance(time);
}

CollectionHandle Connection::collection(Name name) {
  const auto& database = client_->pool().database();
  return {mongoc_client_get_collection(client_->get(), database.c_str(), name.text.data()), &mongoc_collection_destroy};
}

Doc Connection::with_session(const Doc& options) const {
  Doc with = options;
  bson_error_t error;
  if (!mongoc_client_session_append(session_.get(), with.get(), &error)) raise(error, nullptr);
  return with;
}

Cursor Connection::find(Name name, const Doc& filter, const Doc& options) & {
  auto from = collection(name);
  Doc with = with_session(options);
  if (sees_ == Sees::majority) with.add("readConcern", Doc("level", MONGOC_READ_CONCERN_LEVEL_MAJORITY));
  if (read_time_max_ && sees_ != Sees::transaction && !View(options).has("maxTimeMS")) {
    with.add("maxTimeMS", static_cast<std::int64_t>(read_time_max_->count()));
  }
  mongoc_cursor_t* const cursor = mongoc_collection_find_with_opts(from.get(), filter.get(), with.get(), nullptr);
  return {std::move(from), cursor};
}

std::optional<Doc> Connection::first(Name name, const Doc& filter, const Doc& options) {
  Doc limited = options;
  limited.add("limit", std::int64_t{1}, "singleBatch", true);
  Cursor cursor = find(name, filter, limited);
  if (!cursor.next()) return {};
  return Doc::copy_of(cursor.found());
}

Cursor Connection::aggregate(Name name, const Array& pipeline) & {
  auto from = collection(name);
  Doc with = with_session();
  if (read_time_max_ && sees_ != Sees::transaction) with.add("maxTimeMS", std::int64_t{read_time_max_->count()});
  mongoc_cursor_t* const cursor =
      mongoc_collection_aggregate(from.get(), MONGOC_QUERY_NONE, pipeline.get(), with.get(), nullptr);
  return {std::move(from), cursor};
}

std::int64_t Connection::update(Name name, const Doc& which, const Doc& how, Upsert upsert) {
  const auto options = with_session(upsert == Upsert::yes ? Doc("upsert", true) : Doc());
  Reply reply;
  bson_error_t error;
  if (!mongoc_collection_update_one(collection(name).get(), which.get(), how.get(), options.get(), reply.get(),
                                    &error)) {
    raise(error, reply.get());
  }
  return reply.view().take<int>("matchedCount") + (reply.view().has("upsertedId") ? 1 : 0);
}

void Connection::update_all(Name name, const Doc& which, const bson_t* how) {
  Reply reply;
  bson_error_t error;
  if (!mongoc_collection_update_many(collection(name).get(), which.get(), how, with_session().get(), reply.get(),
                                     &error)) {
    raise(error, reply.get());
  }
}

std::int64_t Connection::replace(Name name, const Doc& which, const Doc& with) {
  Reply reply;
  bson_error_t error;
  if (!mongoc_collection_replace_one(collection(name).get(), which.get(), with.get(), with_session().get(), reply.get(),
                                     &error)) {
    raise(error, reply.get());
  }
  return reply.view().take<int>("matchedCount");
}

std::int64_t Connection::remove(Name name, const Doc& which) {
  Reply reply;
  bson_error_t error;
  if (!mongoc_collection_delete_many(collection(name).get(), which.get(), with_session().get(), reply.get(), &error)) {
    raise(error, reply.get());
  }
  return reply.view().take<int>("deletedCount");
}

std::optional<Doc> Connection::find_and_update(Name name, const Doc& which, const Doc& how) {
  return find_and_modify(Doc("findAndModify", name.text, "query", which, "update", how, "new", true));
}

std::optional<Doc> Connection::find_and_remove(Name name, const Doc& which) {
  return find_and_modify(Doc("findAndModify", name.text, "query", which, "remove", true));
}

std::optional<Doc> Connection::find_and_modify(const Doc& command) {
  const Doc reply = this->command(command);
  return View(reply).take<std::optional<Doc>>("value");
}

void Connection::send(Name name, const std::vector<Write>& writes) {
  if (writes.empty()) return;
  const auto to = collection(name);
  const auto bulk = owned(mongoc_collection_create_bulk_operation_with_opts(to.get(), with_session().get()),
                          mongoc_bulk_operation_destroy);
  std::int64_t expected = 0;
  bson_error_t error;
  for (const auto& [how, which, what] : writes) {
    bool taken = false;
    switch (how) {
      case Write::How::insert:
        taken = mongoc_bulk_operation_insert_with_opts(bulk.get(), what.get(), nullptr, &error);
        break;
      case Write::How::update:
        taken = mongoc_bulk_operation_update_one_with_opts(bulk.get(), which.get(), what.get(), nullptr, &error);
        ++expected;
        break;
      case Write::How::replace:
        taken = mongoc_bulk_operation_replace_one_with_opts(bulk.get(), which.get(), what.get(), nullptr, &error);
        ++expected;
        break;
      case Write::How::remove:
        taken = mongoc_bulk_operation_remove_one_with_opts(bulk.get(), which.get(), nullptr, &error);
        ++expected;
        break;
    }
    if (!taken) raise(error, nullptr);
  }
  Reply reply;
  if (mongoc_bulk_operation_execute(bulk.get(), reply.get(), &error) == 0) raise(error, reply.get());
  if (reply.view().take<int>("nMatched") + reply.view().take<int>("nRemoved") != expected) {
    throw Broken("mongodb: a document was not what it had been before in the same transaction");
  }
}

Doc Connection::command(const Doc& command, const Doc& options) {
  Reply reply;
  bson_error_t error;
  if (!mongoc_client_write_command_with_opts(client_->get(), client_->pool().database().c_str(), command.get(),
                                             with_session(options).get(), reply.get(), &error)) {
    raise(error, reply.get());
  }
  return Doc::copy_of(reply.get());
}

Doc Connection::ask(const Doc& command) {
  Reply reply;
  bson_error_t error;
  if (!mongoc_client_read_command_with_opts(client_->get(), client_->pool().database().c_str(), command.get(), nullptr,
                                            with_session().get(), reply.get(), &error)) {
    raise(error, reply.get());
  }
  return Doc::copy_of(reply.get());
}

bool Connection::try_command(const Doc& command, std::uint32_t expected_error) {
  Reply reply;
  bson_error_t error;
  if (mongoc_client_write_command_with_opts(client_->get(), client_->pool().database().c_str(), command.get(),
                                            with_session().get(), reply.get(), &error)) {
    return true;
  }
  if (error.domain == MONGOC_ERROR_SERVER && error.code == expected_error) return false;
  raise(error, reply.get());
}

void Connection::begin() {
  const auto options = owned(mongoc_transaction_opts_new(), mongoc_transaction_opts_destroy);
  const auto read = owned(mongoc_read_concern_new(), mongoc_read_concern_destroy);
  mongoc_read_concern_set_level(read.get(), MONGOC_READ_CONCERN_LEVEL_SNAPSHOT);
  mongoc_transaction_opts_set_read_concern(options.get(), read.get());
  const auto write = owned(mongoc_write_concern_new(), mongoc_write_concern_destroy);
  mongoc_write_concern_set_w(write.get(), MONGOC_WRITE_CONCERN_W_MAJORITY);
  mongoc_write_concern_set_journal(write.get(), true);
  mongoc_write_concern_set_wtimeout_int64(write.get(), kMajorityWait.count());
  mongoc_transaction_opts_set_write_concern(options.get(), write.get());
  bson_error_t error;
  if (!mongoc_client_session_start_transaction(session_.get(), options.get(), &error)) raise(error, nullptr);
}

// Only one error is certain: a conflict with the label TransientTransactionError, which says that the transaction does
// not exist. With every other error, the server or the network may have lost the response and not the transaction.
bool Connection::commit() {
  Reply reply;
  bson_error_t error;
  if (mongoc_client_session_commit_transaction(session_.get(), reply.get(), &error)) {
    note_operation_time();
    return true;
  }
  if (mongoc_error_has_label(reply.get(), "TransientTransactionError") &&
      kind_of(error, reply.get()) == Kind::conflict) {
    raise(error, reply.get());
  }
  return false;
}

void Connection::abort() noexcept {
  if (in_transaction()) mongoc_client_session_abort_transaction(session_.get(), nullptr);
}

Connection::OpenTransactions Connection::open_transactions(std::chrono::microseconds open_longer_than) {
  Array pipeline;
  pipeline.add(Doc("$currentOp", Doc("idleSessions", true)));
  const std::string app_name = client_->pool().app_name();
  pipeline.add(Doc("$match", Doc("type", "idleSession", "appName", BeginsWith{app_name}, "transaction.timeOpenMicros",
                                 Doc("$gt", std::int64_t{open_longer_than.count()}))));
  const auto admin = owned(mongoc_client_get_database(client_->get(), "admin"), mongoc_database_destroy);
  Cursor found({nullptr, &mongoc_collection_destroy},
               mongoc_database_aggregate(admin.get(), pipeline.get(), nullptr, nullptr));
  OpenTransactions open;
  while (found.next()) {
    const auto lsid = found.view().take<Doc>("lsid");
    Doc id;
    bson_copy_to_excluding_noinit(lsid.get(), id.get(), "uid",
                                  nullptr);  // the digest of the user, which is the same for us
    const auto transaction = found.view().take<Doc>("transaction");
    open.emplace_back(std::move(id), View(transaction).take<std::int64_t>("timeActiveMicros"));
  }
  return open;
}

// A live transaction is also idle between round trips. So it counts as stopped only if its active time did not grow
// between two checks.
int Connection::end_stopped_transactions(std::chrono::microseconds open_longer_than) {
  const auto before = open_transactions(open_longer_than);
  if (before.empty()) return 0;
  std::this_thread::sleep_for(kBetweenChecks);
  Array sessions;
  int count = 0;
  for (const auto& [id, active] : open_transactions(open_longer_than)) {
    const auto same = [&, &id = id, active = active](const auto& each) {
      return each.second == active && bson_equal(each.first.get(), id.get());
    };
    if (std::none_of(before.begin(), before.end(), same)) continue;
    sessions.add(id);
    ++count;
  }
  if (count == 0) return 0;
  Reply reply;
  bson_error_t error;
  if (!mongoc_client_command_simple(client_->get(), "admin", Doc("killSessions", sessions).get(), nullptr, reply.get(),
                                    &error)) {
    raise(error, reply.get());
  }
  return count;
}

}  // namespace integrity::store::mongo
