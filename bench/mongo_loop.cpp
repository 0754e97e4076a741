// The rate of plain libmongoc with the server's queries and documents: what the server on MongoDB is compared with.
//
//   mongo_loop URI reads THREADS SECONDS     finds a session and a product by their ids; prints pairs per second
//   mongo_loop URI writes THREADS SECONDS    inserts a product and its change; prints transactions per second
//
// URI names the database of a server, with at least one session and one product. Reads have read concern majority;
// commits wait for the journals of a majority. Each thread has its own client. The loop inserts copies of the newest
// product and change, under new ids.
#include <mongoc/mongoc.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what, const bson_error_t& error) {
  std::fprintf(stderr, "mongo_loop: %s: %s\n", what, error.message);
  std::exit(1);
}

struct Database {
  explicit Database(const char* uri_text) : uri(mongoc_uri_new(uri_text)), client(mongoc_client_new_from_uri(uri)) {}
  ~Database() {
    mongoc_client_destroy(client);
    mongoc_uri_destroy(uri);
  }
  mongoc_collection_t* collection(const char* name) {
    mongoc_collection_t* made = mongoc_client_get_collection(client, mongoc_uri_get_database(uri), name);
    mongoc_read_concern_t* majority = mongoc_read_concern_new();
    mongoc_read_concern_set_level(majority, MONGOC_READ_CONCERN_LEVEL_MAJORITY);
    mongoc_collection_set_read_concern(made, majority);
    mongoc_read_concern_destroy(majority);
    return made;
  }
  mongoc_uri_t* uri;
  mongoc_client_t* client;
};

bson_t* find_one(mongoc_collection_t* collection, const bson_t* filter, const bson_t* options) {
  mongoc_cursor_t* cursor = mongoc_collection_find_with_opts(collection, filter, options, nullptr);
  const bson_t* found = nullptr;
  bson_t* copy = mongoc_cursor_next(cursor, &found) ? bson_copy(found) : nullptr;
  bson_error_t error;
  if (mongoc_cursor_error(cursor, &error)) fail("find", error);
  mongoc_cursor_destroy(cursor);
  return copy;
}

// The matching document with the highest `order`.
bson_t* last(mongoc_collection_t* collection, const char* filter_text, const char* order) {
  bson_error_t error;
  bson_t* filter = bson_new_from_json(reinterpret_cast<const std::uint8_t*>(filter_text), -1, &error);
  bson_t* options = BCON_NEW("sort", "{", order, BCON_INT32(-1), "}", "limit", BCON_INT64(1));
  bson_t* found = find_one(collection, filter, options);
  if (found == nullptr) {
    std::fprintf(stderr, "mongo_loop: no such document in %s\n", mongoc_collection_get_name(collection));
    std::exit(1);
  }
  bson_destroy(filter);
  bson_destroy(options);
  return found;
}

bson_t* id_of(const bson_t* document) {
  bson_iter_t member;
  bson_t* filter = bson_new();
  if (bson_iter_init_find(&member, document, "_id")) bson_append_iter(filter, nullptr, -1, &member);
  return filter;
}

template <class Again>
long reads(Database& database, Again again) {
  mongoc_collection_t* sessions = database.collection("sessions");
  mongoc_collection_t* products = database.collection("products");
  const bson_t* session = id_of(last(sessions, "{}", "_id"));
  const bson_t* product = id_of(last(products, "{}", "_id"));
  const bson_t* one = BCON_NEW("limit", BCON_INT64(1), "singleBatch", BCON_BOOL(true));
  long done = 0;
  for (; again(); ++done) {
    bson_t* found[] = {find_one(sessions, session, one), find_one(products, product, one)};
    if (found[0] == nullptr || found[1] == nullptr) std::exit(1);
    bson_destroy(found[0]);
    bson_destroy(found[1]);
  }
  return done;
}

// Nanoseconds since 1970: higher than the server's numbers and those of earlier runs.
std::atomic<std::int64_t> next_number{std::chrono::system_clock::now().time_since_epoch().count()};

// A copy of `document` with new values for the unique members.
bson_t* copy_of(const bson_t* document, const bson_oid_t& id, std::int64_t number, bool change) {
  bson_t* made = bson_new();
  bson_copy_to_excluding_noinit(document, made, "_id", "place", "sku", "record", nullptr);
  if (change) {
    BSON_APPEND_INT64(made, "_id", number);
    BSON_APPEND_OID(made, "record", &id);
  } else {
    BSON_APPEND_OID(made, "_id", &id);
    BSON_APPEND_INT64(made, "place", number);
    BSON_APPEND_UTF8(made, "sku", ("loop-" + std::to_string(number)).c_str());
  }
  return made;
}

template <class Again>
long writes(Database& database, Again again) {
  mongoc_collection_t* products = database.collection("products");
  mongoc_collection_t* changes = database.collection("changes");
  const bson_t* product = last(products, "{}", "_id");
  const bson_t* change = last(changes, R"({"op": "product.create"})", "_id");
  mongoc_write_concern_t* concern = mongoc_write_concern_new();
  mongoc_write_concern_set_wmajority(concern, 0);
  mongoc_write_concern_set_journal(concern, true);
  mongoc_transaction_opt_t* options = mongoc_transaction_opts_new();
  mongoc_transaction_opts_set_write_concern(options, concern);
  bson_error_t error;
  mongoc_client_session_t* session = mongoc_client_start_session(database.client, nullptr, &error);
  if (session == nullptr) fail("session", error);
  bson_t* in_session = bson_new();
  if (!mongoc_client_session_append(session, in_session, &error)) fail("session", error);
  long done = 0;
  for (; again(); ++done) {
    bson_oid_t id;
    bson_oid_init(&id, nullptr);
    const auto number = next_number++;
    bson_t* made[] = {copy_of(product, id, number, false), copy_of(change, id, number, true)};
    if (!mongoc_client_session_start_transaction(session, options, &error)) fail("begin", error);
    if (!mongoc_collection_insert_one(products, made[0], in_session, nullptr, &error)) fail("insert", error);
    if (!mongoc_collection_insert_one(changes, made[1], in_session, nullptr, &error)) fail("insert", error);
    if (!mongoc_client_session_commit_transaction(session, nullptr, &error)) fail("commit", error);
    bson_destroy(made[0]);
    bson_destroy(made[1]);
  }
  return done;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: mongo_loop URI reads|writes THREADS SECONDS\n");
    return 2;
  }
  mongoc_init();
  const bool reading = std::strcmp(argv[2], "reads") == 0;
  const double seconds = std::atof(argv[4]);
  const auto begin = Clock::now();
  const auto again = [&] { return std::chrono::duration<double>(Clock::now() - begin).count() < seconds; };
  std::atomic<long> done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < std::atoi(argv[3]); ++i) {
    threads.emplace_back([&] {
      Database database(argv[1]);
      done += reading ? reads(database, again) : writes(database, again);
    });
  }
  for (auto& thread : threads) thread.join();
  std::printf("%.0f\n", static_cast<double>(done) / std::chrono::duration<double>(Clock::now() - begin).count());
  return 0;
}
