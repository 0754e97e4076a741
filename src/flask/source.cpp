#include "flask/source.hpp"

#include <mongoc/mongoc.h>

#include <algorithm>
#include <memory>

#include "base/printable.hpp"
#include "flask/judge.hpp"
#include "store/mongo/connect.hpp"
#include "store/mongo/handles.hpp"

namespace integrity::flask {
namespace {

namespace mongo = store::mongo;

constexpr const char *kUsers = "users", *kProducts = "products";
// More than any text that could be imported; longer ones are cut, and refused all the same.
constexpr std::size_t kTextBytesMax = 20'000;
constexpr std::int32_t kSelectMillis = 5000, kSocketMillis = 60'000;

struct DestroyClient {
  void operator()(mongoc_client_t* client) const { mongoc_client_destroy(client); }
};
using Client = std::unique_ptr<mongoc_client_t, DestroyClient>;

Error no_answer(const mongoc_uri_t* uri, const bson_error_t& error) {
  return {Code::unavailable, "the old database at " + mongo::addresses(uri) + ": " + printable(error.message, 300)};
}

Value value_at(const bson_iter_t& at) {
  std::uint32_t size = 0;
  switch (bson_iter_type(&at)) {
    case BSON_TYPE_NULL:
    case BSON_TYPE_UNDEFINED:
      return {};
    case BSON_TYPE_BOOL:
      return bson_iter_bool(&at);
    case BSON_TYPE_INT32:
      return std::int64_t{bson_iter_int32(&at)};
    case BSON_TYPE_INT64:
      return std::int64_t{bson_iter_int64(&at)};
    case BSON_TYPE_DOUBLE:
      return bson_iter_double(&at);
    case BSON_TYPE_DECIMAL128: {
      bson_decimal128_t decimal;
      bson_iter_decimal128(&at, &decimal);
      char text[BSON_DECIMAL128_STRING];
      bson_decimal128_to_string(&decimal, text);
      return Digits{text};
    }
    case BSON_TYPE_UTF8: {
      const char* const text = bson_iter_utf8(&at, &size);
      return std::string(text, std::min<std::size_t>(size, kTextBytesMax));
    }
    case BSON_TYPE_BINARY: {
      const std::uint8_t* data = nullptr;
      bson_subtype_t subtype{};
      bson_iter_binary(&at, &subtype, &size, &data);
      return Bytes(data, data + std::min<std::size_t>(size, kTextBytesMax));
    }
    case BSON_TYPE_DATE_TIME:
      return from_millis(bson_iter_date_time(&at));
    case BSON_TYPE_OID:
      return RecordId::from_bytes(bson_iter_oid(&at)->bytes);
    default:
      return Other{};
  }
}

// Only the name of a member that the import does not read.
Row row_of(const bson_t* document) {
  Row row;
  bson_iter_t at;
  if (!bson_iter_init(&at, document)) return row;
  while (bson_iter_next(&at)) {
    const std::string_view name = bson_iter_key(&at);
    row.emplace_back(name, is_read(name) ? value_at(at) : Other{});
  }
  return row;
}

std::vector<Row> rows(mongoc_client_t* client, const std::string& database, const char* name) {
  mongo::CollectionHandle collection(mongoc_client_get_collection(client, database.c_str(), name),
                                     &mongoc_collection_destroy);
  mongoc_cursor_t* const found = mongoc_collection_find_with_opts(
      collection.get(), mongo::Doc().get(), mongo::Doc("sort", mongo::Doc("_id", 1)).get(), nullptr);
  mongo::Cursor cursor(std::move(collection), found);
  std::vector<Row> out;
  while (cursor.next()) out.push_back(row_of(cursor.found()));
  return out;
}

Result<bool> has_any(mongoc_client_t* client, const std::string& database) {
  const std::unique_ptr<mongoc_database_t, decltype(&mongoc_database_destroy)> handle(
      mongoc_client_get_database(client, database.c_str()), &mongoc_database_destroy);
  bson_error_t error{};
  for (const char* const name : {kUsers, kProducts}) {
    if (mongoc_database_has_collection(handle.get(), name, &error)) return true;
    if (error.code != 0) return no_answer(mongoc_client_get_uri(client), error);
  }
  return false;
}

using Others = std::map<std::string, std::size_t>;

Result<Others> other_collections(mongoc_client_t* client, const std::string& database) {
  const std::unique_ptr<mongoc_database_t, decltype(&mongoc_database_destroy)> handle(
      mongoc_client_get_database(client, database.c_str()), &mongoc_database_destroy);
  bson_error_t error{};
  const std::unique_ptr<char*, decltype(&bson_strfreev)> names(
      mongoc_database_get_collection_names_with_opts(handle.get(), nullptr, &error), &bson_strfreev);
  if (!names) return no_answer(mongoc_client_get_uri(client), error);
  Others others;
  for (char** each = names.get(); *each != nullptr; ++each) {
    const std::string name = *each;
    if (name == kUsers || name == kProducts || name.starts_with("system.")) continue;
    const mongo::CollectionHandle collection(mongoc_client_get_collection(client, database.c_str(), name.c_str()),
                                             &mongoc_collection_destroy);
    const auto count = mongoc_collection_estimated_document_count(collection.get(), nullptr, nullptr, nullptr, &error);
    others[name] = static_cast<std::size_t>(std::max<std::int64_t>(count, 0));  // a view has none
  }
  return others;
}

Result<std::vector<std::string>> candidates(mongoc_client_t* client) {
  bson_error_t error;
  const std::unique_ptr<char*, decltype(&bson_strfreev)> names(
      mongoc_client_get_database_names_with_opts(client, nullptr, &error), &bson_strfreev);
  if (!names) return no_answer(mongoc_client_get_uri(client), error);
  std::vector<std::string> out;
  for (char** each = names.get(); *each != nullptr; ++each) {
    const std::string name = *each;
    if (name == "admin" || name == "config" || name == "local") continue;
    INTEGRITY_TRY(const bool any, has_any(client, name));
    if (any) out.push_back(name);
  }
  return out;
}

Result<std::string> database_of(mongoc_client_t* client) {
  const auto* const uri = mongoc_client_get_uri(client);
  const std::string at = " at " + mongo::addresses(uri);
  if (const char* const named = mongoc_uri_get_database(uri)) {
    INTEGRITY_TRY(const bool any, has_any(client, named));
    if (any) return std::string(named);
    return Error{Code::not_found,
                 "the database " + printable(named) + at + " has neither a collection \"users\" nor \"products\""};
  }
  INTEGRITY_TRY(auto found, candidates(client));
  if (found.size() == 1) return std::move(found.front());
  if (found.empty()) return Error{Code::not_found, "no database" + at + " has a collection \"users\" or \"products\""};
  std::string names;
  for (const auto& name : found) names += (names.empty() ? "" : ", ") + printable(name);
  return Error{Code::not_found, "several databases" + at + " have \"users\" or \"products\": " + names +
                                    ". Name one in the address: mongodb://HOST/NAME"};
}

}  // namespace

Result<Found> read_database(const std::string& text) {
  std::string why;
  const mongo::Uri uri = mongo::parse_address(text, why);
  if (!uri) return Error{Code::invalid_value, "the old database's address is not a MongoDB address: " + why};
  const auto number = [&](const char* option, std::int32_t value) {
    if (!mongoc_uri_has_option(uri.get(), option)) mongoc_uri_set_option_as_int32(uri.get(), option, value);
  };
  number(MONGOC_URI_SERVERSELECTIONTIMEOUTMS, kSelectMillis);
  number(MONGOC_URI_SOCKETTIMEOUTMS, kSocketMillis);
  bson_error_t error;
  const Client client(mongoc_client_new_from_uri_with_error(uri.get(), &error));
  if (!client)
    return Error{Code::invalid_value,
                 std::string("the old database's address is not a MongoDB address: ") + error.message};
  mongoc_client_set_error_api(client.get(), MONGOC_ERROR_API_VERSION_2);
  INTEGRITY_TRY(const std::string database, database_of(client.get()));
  INTEGRITY_TRY(auto others, other_collections(client.get(), database));
  if (others.contains("key_fingerprints")) {
    return Error{Code::invalid_value, "the database " + printable(database) + " at " + mongo::addresses(uri.get()) +
                                          " is of this program, not of a Flask server: integrity migrate moves it"};
  }
  return Found{.where = printable(database) + " at " + mongo::addresses(uri.get()),
               .users = rows(client.get(), database, kUsers),
               .products = rows(client.get(), database, kProducts),
               .others = std::move(others)};
}

}  // namespace integrity::flask
