#include "store/mongo/connect.hpp"

#include <mutex>

#include "store/mongo/bson.hpp"
#include "store/mongo/error_map.hpp"

namespace integrity::store::mongo {
namespace {

constexpr const char* kDatabase = "integrity";  // where the address names none

// In milliseconds. Short: whoever waits here is a client that waits for an answer.
constexpr std::int32_t kSelect = 2000, kConnect = 2000, kSocket = 10'000, kWaitForClient = 2000;
// Between two looks at each server. A server that once said that it is none to work with is not asked before the next.
constexpr std::int32_t kHeartbeat = 1000;
constexpr std::int32_t kClientsMax = 64;  // connections to the primary, where the address names no maxPoolSize

// Any of them may be given in the address, all but the promises.
void set_defaults(mongoc_uri_t* uri) {
  const auto number = [&](const char* option, std::int32_t value) {
    if (!mongoc_uri_has_option(uri, option)) mongoc_uri_set_option_as_int32(uri, option, value);
  };
  number(MONGOC_URI_SERVERSELECTIONTIMEOUTMS, kSelect);
  number(MONGOC_URI_HEARTBEATFREQUENCYMS, kHeartbeat);
  number(MONGOC_URI_CONNECTTIMEOUTMS, kConnect);
  number(MONGOC_URI_SOCKETTIMEOUTMS, kSocket);
  number(MONGOC_URI_WAITQUEUETIMEOUTMS, kWaitForClient);
  number(MONGOC_URI_MAXPOOLSIZE, kClientsMax);
  if (!mongoc_uri_has_option(uri, MONGOC_URI_APPNAME)) mongoc_uri_set_appname(uri, "integrity");
  if (mongoc_uri_get_database(uri) == nullptr) mongoc_uri_set_database(uri, kDatabase);

  const std::unique_ptr<mongoc_write_concern_t, decltype(&mongoc_write_concern_destroy)> write(
      mongoc_write_concern_new(), &mongoc_write_concern_destroy);
  mongoc_write_concern_set_w(write.get(), MONGOC_WRITE_CONCERN_W_MAJORITY);
  mongoc_write_concern_set_journal(write.get(), true);
  mongoc_uri_set_write_concern(uri, write.get());
  // Each link says itself which state it wants; libmongoc would send both.
  const std::unique_ptr<mongoc_read_concern_t, decltype(&mongoc_read_concern_destroy)> read(
      mongoc_read_concern_new(), &mongoc_read_concern_destroy);
  mongoc_uri_set_read_concern(uri, read.get());
  const std::unique_ptr<mongoc_read_prefs_t, decltype(&mongoc_read_prefs_destroy)> prefs(
      mongoc_read_prefs_new(MONGOC_READ_PRIMARY), &mongoc_read_prefs_destroy);
  mongoc_uri_set_read_prefs_t(uri, prefs.get());
}

[[noreturn]] void refuse_standalone(const std::string& where) {
  const auto colon = where.rfind(':');
  throw Unavailable("the MongoDB server at " + where +
                    " is no member of a replica set, so it has no transactions. Make it a replica set of one:\n"
                    "  restart mongod with --replSet rs0 (or replication.replSetName: rs0 in mongod.conf)\n"
                    "  mongosh --port " +
                    where.substr(colon + 1) + " --eval 'rs.initiate()'");
}

[[noreturn]] void refuse_unbegun(const std::string& where) {
  const auto colon = where.rfind(':');
  throw Unavailable("the MongoDB server at " + where + " is to be a member of a replica set that was not begun:\n" +
                    "  mongosh --port " + where.substr(colon + 1) + " --eval 'rs.initiate()'");
}

}  // namespace

void init_driver() {
  static std::once_flag once;
  std::call_once(once, [] {
    // Its lines would stand between those of the log, in another form; what matters comes as an error.
    mongoc_log_set_handler([](mongoc_log_level_t, const char*, const char*, void*) {}, nullptr);
    mongoc_init();
  });
}

std::string addresses(const mongoc_uri_t* uri) {
  std::string all;
  for (const auto* host = mongoc_uri_get_hosts(uri); host != nullptr; host = host->next) {
    all += (all.empty() ? "" : ",") + std::string(host->host_and_port);
  }
  return all;
}

Uri look_up(const std::string& text) {
  init_driver();
  bson_error_t error;
  Uri uri(mongoc_uri_new_with_error(text.c_str(), &error));
  if (!uri) throw Unavailable(std::string("that is no address of a MongoDB: ") + error.message);
  set_defaults(uri.get());

  const std::unique_ptr<mongoc_client_t, decltype(&mongoc_client_destroy)> client(
      mongoc_client_new_from_uri_with_error(uri.get(), &error), &mongoc_client_destroy);
  if (!client) throw Unavailable(std::string("that is no address of a MongoDB: ") + error.message);
  const std::unique_ptr<mongoc_read_prefs_t, decltype(&mongoc_read_prefs_destroy)> nearest(
      mongoc_read_prefs_new(MONGOC_READ_NEAREST), &mongoc_read_prefs_destroy);
  const std::unique_ptr<mongoc_server_description_t, decltype(&mongoc_server_description_destroy)> server(
      mongoc_client_select_server(client.get(), false, nearest.get(), &error), &mongoc_server_description_destroy);
  if (!server) {
    throw Unavailable("no MongoDB answers at " + addresses(uri.get()) + ": " + error.message);
  }
  const View hello(mongoc_server_description_hello_response(server.get()));
  const std::string where = mongoc_server_description_host(server.get())->host_and_port;
  const auto msg = hello.take<std::optional<std::string>>("msg");
  if (msg == "isdbgrid") return uri;
  if (hello.has("isreplicaset")) refuse_unbegun(where);
  const auto set_name = hello.take<std::optional<std::string>>("setName");
  if (!set_name) refuse_standalone(where);
  // So that all members are found, whichever of them the address names.
  const bool direct = mongoc_uri_get_option_as_bool(uri.get(), MONGOC_URI_DIRECTCONNECTION, false);
  if (!direct) mongoc_uri_set_option_as_utf8(uri.get(), MONGOC_URI_REPLICASET, set_name->c_str());
  return uri;
}

}  // namespace integrity::store::mongo
