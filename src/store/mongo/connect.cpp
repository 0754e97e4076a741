#include "store/mongo/connect.hpp"

#include <algorithm>
#include <mutex>

#include "base/ascii.hpp"
#include "store/mongo/bson.hpp"
#include "store/mongo/error_map.hpp"

namespace integrity::store::mongo {
namespace {

constexpr const char* kDatabase = "integrity";  // where the address names none
constexpr std::size_t kDatabaseNameMax = 63;    // of MongoDB

// In milliseconds. The client of a request waits for all of these. libmongoc tries most commands twice: where a primary
// hangs, a command fails after kSocket + kSelect (or kConnect), so after 5 s.
constexpr std::int32_t kSelect = 2000, kConnect = 2000, kSocket = 3000, kWaitForClient = 1000;
constexpr std::int32_t kLongSocket = 60'000;
constexpr std::size_t kAppNameMax = 128;  // bytes, of MongoDB
// Between two checks of each server. A server that is not usable is not used before the next check.
constexpr std::int32_t kHeartbeat = 1000;
constexpr int kWireVersionMin = 13;       // of MongoDB 5.0, the first with snapshot reads outside of transactions
constexpr std::int32_t kClientsMax = 64;  // connections to the primary, where the address names no maxPoolSize

// The address may set each of these, except for the concerns and the read preference.
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
  if (mongoc_uri_get_database(uri) == nullptr) {
    // libmongoc authenticates a user against the database in the address; where it names none, against admin.
    if (mongoc_uri_get_username(uri) != nullptr) mongoc_uri_set_auth_source(uri, mongoc_uri_get_auth_source(uri));
    mongoc_uri_set_database(uri, kDatabase);
  }
  const char* const named = mongoc_uri_get_appname(uri);
  const std::string name = app_name_of(mongoc_uri_get_database(uri)) + (named == nullptr ? "" : named);
  mongoc_uri_set_appname(uri, name.substr(0, kAppNameMax).c_str());

  const std::unique_ptr<mongoc_write_concern_t, decltype(&mongoc_write_concern_destroy)> write(
      mongoc_write_concern_new(), &mongoc_write_concern_destroy);
  mongoc_write_concern_set_w(write.get(), MONGOC_WRITE_CONCERN_W_MAJORITY);
  mongoc_write_concern_set_journal(write.get(), true);
  mongoc_uri_set_write_concern(uri, write.get());
  // Each connection sets its own read concern; libmongoc would send both.
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
                    " is not a member of a replica set, so it has no transactions. Make it a replica set of one:\n"
                    "  restart mongod with --replSet rs0 (or replication.replSetName: rs0 in mongod.conf)\n"
                    "  mongosh --port " +
                    where.substr(colon + 1) + " --eval 'rs.initiate()'");
}

[[noreturn]] void refuse_uninitiated(const std::string& where) {
  const auto colon = where.rfind(':');
  throw Unavailable("the MongoDB server at " + where + " is configured for a replica set that was not initiated:\n" +
                    "  mongosh --port " + where.substr(colon + 1) + " --eval 'rs.initiate()'");
}

using Description = std::unique_ptr<mongoc_server_description_t, decltype(&mongoc_server_description_destroy)>;

// Null where no server that the address could mean answers.
Description any_server(const mongoc_uri_t* uri, bson_error_t& error) {
  const std::unique_ptr<mongoc_client_t, decltype(&mongoc_client_destroy)> client(
      mongoc_client_new_from_uri_with_error(uri, &error), &mongoc_client_destroy);
  if (!client && mongoc_uri_get_srv_hostname(uri) != nullptr) {
    throw Unavailable("the servers of mongodb+srv://" + addresses(uri) + " were not found in the DNS: " +
                      error.message + ". Name them in the address: mongodb://HOST,HOST,HOST/…");
  }
  if (!client) throw Unavailable(std::string("that is not the address of a MongoDB: ") + error.message);
  const std::unique_ptr<mongoc_read_prefs_t, decltype(&mongoc_read_prefs_destroy)> nearest(
      mongoc_read_prefs_new(MONGOC_READ_NEAREST), &mongoc_read_prefs_destroy);
  return {mongoc_client_select_server(client.get(), false, nearest.get(), &error), &mongoc_server_description_destroy};
}

// The name of its replica set. Throws for a server that has none.
std::string set_of(mongoc_server_description_t* server) {
  const View hello(mongoc_server_description_hello_response(server));
  const std::string where = mongoc_server_description_host(server)->host_and_port;
  if (hello.has("isreplicaset")) refuse_uninitiated(where);
  const auto name = hello.take<std::optional<std::string>>("setName");
  if (!name) refuse_standalone(where);
  return *name;
}

std::string without_set(std::string address) {
  static constexpr std::string_view option = "replicaset=";
  const auto same = [](char a, char b) { return ascii_lower(a) == b; };
  const auto found = std::search(address.begin(), address.end(), option.begin(), option.end(), same);
  const auto end = std::find(found, address.end(), '&');
  address.erase(found, end == address.end() ? end : end + 1);
  return address;
}

// For when no member of the set that the address names answers: throws if a member of another set does.
void explain_other_set(const std::string& text, const char* named) {
  if (named == nullptr) return;
  const Uri uri = read_address(without_set(text));
  bson_error_t error;
  const Description server = any_server(uri.get(), error);
  if (!server) return;
  const std::string name = set_of(server.get());
  if (name == named) return;
  throw Unavailable("the MongoDB server at " +
                    std::string(mongoc_server_description_host(server.get())->host_and_port) +
                    " belongs to the replica set " + name + ", not to " + named);
}

// What the message of libmongoc does not say.
std::string advice(const mongoc_uri_t* uri) {
  if (!mongoc_uri_get_tls(uri)) return {};
  const bool srv = mongoc_uri_get_srv_hostname(uri) != nullptr;
  return std::string(". ") + (srv ? "mongodb+srv:// asks for TLS" : "The address asks for TLS") +
         "; servers without it need tls=false in the address";
}

}  // namespace

void init_driver() {
  static std::once_flag once;
  std::call_once(once, [] {
    // Its lines would come between the lines of the log, in another format. What matters comes as an error.
    mongoc_log_set_handler([](mongoc_log_level_t, const char*, const char*, void*) {}, nullptr);
    mongoc_init();
  });
}

// libmongoc shows a password that it refuses, and takes what follows an @ in a password for a host.
Uri parse_address(const std::string& text, std::string& why) {
  init_driver();
  bson_error_t error;
  Uri uri(mongoc_uri_new_with_error(text.c_str(), &error));
  if (!uri) why = error.message;
  if (uri ? addresses(uri.get()).find('@') == std::string::npos
          : !why.starts_with("Username \"") && !why.starts_with("Password \"")) {
    return uri;
  }
  why = "a user name or password must have its special characters as codes, an @ as %40, a / as %2F";
  return {};
}

Uri read_address(const std::string& text) {
  std::string why;
  Uri uri = parse_address(text, why);
  if (!uri) throw Unavailable("that is not the address of a MongoDB: " + why);
  set_defaults(uri.get());
  if (std::string_view(mongoc_uri_get_database(uri.get())).size() > kDatabaseNameMax) {
    throw Unavailable("that address names a database of more than " + std::to_string(kDatabaseNameMax) + " bytes");
  }
  for (const std::string_view own : {"admin", "config", "local"}) {
    if (mongoc_uri_get_database(uri.get()) == own) {
      throw Unavailable("the database " + std::string(own) + " is MongoDB's own: name another one in the address");
    }
  }
  // One for the writer, and one for reading.
  if (mongoc_uri_get_option_as_int32(uri.get(), MONGOC_URI_MAXPOOLSIZE, kClientsMax) < 2) {
    throw Unavailable("that address has a maxPoolSize below 2");
  }
  return uri;
}

std::string addresses(const mongoc_uri_t* uri) {
  if (const char* const name = mongoc_uri_get_srv_hostname(uri)) return name;
  std::string all;
  for (const auto* host = mongoc_uri_get_hosts(uri); host != nullptr; host = host->next) {
    all += (all.empty() ? "" : ",") + std::string(host->host_and_port);
  }
  return all;
}

// The name of a database has no slash, so no appName begins with that of another database.
std::string app_name_of(std::string_view database) {
  return "integrity/" + std::string(database) + "/";
}

void wait_long(mongoc_uri_t* uri) {
  const auto given = mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, kSocket);
  mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, std::max(given, kLongSocket));
}

Uri look_up(const std::string& text) {
  Uri uri = read_address(text);
  bson_error_t error;
  const Description server = any_server(uri.get(), error);
  if (!server) {
    explain_other_set(text, mongoc_uri_get_replica_set(uri.get()));
    throw Unavailable("no MongoDB answers at " + addresses(uri.get()) + ": " + error.message + advice(uri.get()));
  }
  const View hello(mongoc_server_description_hello_response(server.get()));
  if (hello.take<int>("maxWireVersion") < kWireVersionMin) {
    throw Unavailable("the MongoDB server at " +
                      std::string(mongoc_server_description_host(server.get())->host_and_port) +
                      " is older than MongoDB 5.0, the oldest that this works with");
  }
  if (hello.take<std::optional<std::string>>("msg") == "isdbgrid") return uri;
  const std::string set_name = set_of(server.get());
  // So that the driver finds all members, whichever of them the address names.
  const bool direct = mongoc_uri_get_option_as_bool(uri.get(), MONGOC_URI_DIRECTCONNECTION, false);
  if (!direct) mongoc_uri_set_option_as_utf8(uri.get(), MONGOC_URI_REPLICASET, set_name.c_str());
  return uri;
}

}  // namespace integrity::store::mongo
