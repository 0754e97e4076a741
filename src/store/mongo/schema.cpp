#include "store/mongo/schema.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "store/mongo/codec.hpp"
#include "store/mongo/collections.hpp"
#include "store/mongo/error_map.hpp"
#include "store/mongo/unreadable.hpp"

namespace integrity::store::mongo {
namespace {

constexpr std::uint32_t kIndexNotFound = 27, kNamespaceExists = 48;

constexpr Name all_collections[] = {in::users,           in::products,       in::sessions,         in::challenges,
                                    in::factor_counters, in::recovery_codes, in::stored_responses, in::key_fingerprints,
                                    in::changes,         in::api_keys,       in::invitations,      in::meta};
constexpr std::int64_t kTextBatch = 500;

template <class T>
Doc of_member(const char* name, const T& condition) {
  Doc doc;
  bson_append_document(doc.get(), name, -1, condition.get());
  return doc;
}

// What $jsonSchema cannot express, as conditions that no document may meet: dates out of range, and bytes of another
// length (MongoDB compares bytes by length first). An array meets a condition if one of its items does.
Array forbidden(View described) {
  Array all;
  const auto keep_between = [&](const char* name, const auto& least, const auto& greatest) {
    all.add(of_member(name, Doc("$lt", least))).add(of_member(name, Doc("$gt", greatest)));
  };
  bson_iter_t at, type;
  const auto properties = described.take<Doc>("properties");
  for (bson_iter_init(&at, properties.get()); bson_iter_next(&at);) {
    const bool date = bson_iter_recurse(&at, &type) && bson_iter_find(&type, "bsonType") &&
                      bson_iter_utf8(&type, nullptr) == std::string_view("date");
    if (date) keep_between(bson_iter_key(&at), earliest_time, latest_time);
  }
  const auto bytes = described.take<std::optional<Doc>>("bytes").value_or(Doc());
  for (bson_iter_init(&at, bytes.get()); bson_iter_next(&at);) {
    const auto length = static_cast<std::size_t>(bson_iter_int32(&at));
    keep_between(bson_iter_key(&at), Bytes(length, 0x00), Bytes(length, 0xff));
  }
  return all;
}

// `text` is one of collections/*.json.
Doc rules(std::string_view text, bool only_known_members) {
  const Doc described = Doc::from_json(text);
  const View view(described);
  Doc schema("bsonType", "object", "required", view.take<Array>("required"), "properties",
             view.take<Doc>("properties"));
  if (only_known_members) schema.add("additionalProperties", false);
  Doc rules("$jsonSchema", schema);
  if (const Array never = forbidden(view); !never.empty()) rules.add("$nor", never);
  return rules;
}

// The validator refuses documents that the program could not read, and members that it does not know, also from a
// shell.
void make(Connection& connection, std::string_view name, std::string_view text) {
  const Doc validator = rules(text, true);
  if (!connection.try_command(Doc("create", name, "validator", validator), kNamespaceExists)) {
    connection.command(Doc("collMod", name, "validator", validator));
  }
}

// Leaves existing indexes as they are.
void make_indexes(Connection& connection, std::string_view name, std::string_view text) {
  const Doc described = Doc::from_json(text);
  const auto indexes = View(described).take<Array>("indexes");
  if (!indexes.empty()) connection.command(Doc("createIndexes", name, "indexes", indexes));
}

// The first node writes it, with the write concern majority, like every write.
void make_document(Connection& connection, std::string_view id, const Doc& members) {
  try {
    connection.update(in::meta, Doc("_id", id), Doc("$setOnInsert", members), Connection::Upsert::yes);
  } catch (const Duplicate&) {  // another node has just made it
  }
}

std::string_view name_in(std::string_view file) {
  return file.substr(0, file.rfind('.'));
}

void drop_index(Connection& connection, Name collection, const char* index) {
  connection.try_command(Doc("dropIndexes", collection.text, "index", index), kIndexNotFound);
}

Array set(const Doc& members) {
  return Array().add(Doc("$set", members));
}

// What documents before version 4 lack. Members that are there stay: several nodes may do this at the same time.
void fill_in(Connection& connection) {
  const Doc missing("$exists", false);
  connection.update_all(in::users, Doc("state", Doc("$ne", model::UserState::pending), "role", missing),
                        set(Doc("role", model::Role::editor, "confirmed_at",
                                Doc("$ifNull", Array().add("$totp_confirmed_at").add("$created_at")), "public_version",
                                Doc("$max", Array().add("$version").add(std::int64_t{1})))));
  connection.update_all(
      in::sessions, Doc("role", missing),
      set(Doc("role", model::Role::editor, "generation", std::int64_t{0}, "proven_at", "$created_at")));
  using enum model::RecordKind;
  connection.update_all(in::changes, Doc("kind", user, "listed", missing),
                        set(Doc("listed", "$kind", "account", "$record")));
  // The first change of a session names its account: {"id":"…","user":"…
  const Doc hex("$substrBytes", Array().add("$after").add(41).add(24));
  const Doc account("$convert", Doc("input", hex, "to", "objectId", "onError", "$$REMOVE", "onNull", "$$REMOVE"));
  connection.update_all(in::changes, Doc("kind", session, "revision", std::int64_t{1}, "listed", missing),
                        set(Doc("listed", "$kind", "account", account)));
  // Its end does not.
  const Doc of_the_start("$and", Array()
                                     .add(Doc("$eq", Array().add("$kind").add(name_of(session))))
                                     .add(Doc("$eq", Array().add("$record").add("$$record")))
                                     .add(Doc("$eq", Array().add("$revision").add(std::int64_t{1}))));
  const Array start = Array().add(Doc("$match", Doc("$expr", of_the_start))).add(Doc("$project", Doc("account", 1)));
  const Array ends =
      Array()
          .add(Doc("$match", Doc("kind", session, "listed", missing)))
          .add(Doc("$lookup",
                   Doc("from", in::changes.text, "let", Doc("record", "$record"), "pipeline", start, "as", "start")))
          .add(Doc("$project", Doc("listed", "$kind", "account",
                                   Doc("$ifNull", Array().add(Doc("$first", "$start.account")).add("$$REMOVE")))))
          .add(Doc("$merge", Doc("into", in::changes.text, "whenNotMatched", "discard")));
  for (Cursor none = connection.aggregate(in::changes, ends); none.next();) {
  }
}

void make_all(Connection& connection) {
  for (const auto& [file, text] : embedded::store_mongo_collections) make(connection, name_in(file), text);
  drop_index(connection, in::stored_responses, "by_user");  // of version 2
  make_document(connection, "head",
                Doc("groups", std::int64_t{0}, "time", Time{}, "number", std::int64_t{0}, "place", std::int64_t{0}));
  fill_in(connection);
  make_document(connection, "schema", Doc("version", newest_version));
  connection.update(in::meta, Doc("_id", "schema"), Doc("$max", Doc("version", newest_version)));
}

// In batches, in the order of sequence numbers. A product that changes meanwhile is written by a node that derives its
// texts itself. One that cannot be read is in no list anyway.
void refresh_texts(Connection& connection, const model::ProductText& text) {
  Doc after;
  for (;;) {
    std::optional<std::int64_t> last;
    for (Cursor found = connection.find(in::products, after, Doc("sort", Doc("place", 1), "limit", kTextBatch));
         found.next();) {
      last = found.view().take<std::int64_t>("place");
      const auto product = unless_unreadable(in::products, found.view(), take_product);
      if (!product) continue;
      connection.update(in::products, Doc("_id", product->id, "version", product->version),
                        Doc("$set", derived_from(*product, text)));
    }
    if (!last) return;
    if (after.empty()) log::event("store.texts.refresh", {{"version", std::to_string(text.version)}});
    after = Doc("place", Doc("$gt", *last));
  }
}

// Where there are documents but no schema document, another program made them. Our validators would replace its own.
void expect_ours(Connection& connection) {
  const Doc not_the_head("_id", Doc("$ne", "head"));  // the head is made before the schema document
  for (const auto& name : all_collections) {
    if (!connection.first(name, name.text == in::meta.text ? not_the_head : Doc())) continue;
    if (connection.first(in::meta, Doc("_id", "schema"))) return;  // another node has made the database meanwhile
    throw Unavailable("the database holds " + std::string(name.text) +
                      " of another program; name another one in the address, mongodb://…/NAME. "
                      "`integrity import-flask` brings over what a Flask server kept");
  }
}

int version_in(const std::optional<Doc>& schema) {
  return schema ? View(*schema).take<int>("version") : 0;
}

// Nodes of both programs would replace each other's texts, or leave some that the other one made.
void refuse_newer_texts(int version, const model::ProductText& text) {
  if (version <= text.version) return;
  throw Unavailable("the words of the database's products are of version " + std::to_string(version) +
                    ", made by a newer program; this one makes version " + std::to_string(text.version) +
                    ". Use the newer program");
}

void refuse_newer(int version) {
  if (version <= newest_version) return;
  throw Unavailable("the database has schema version " + std::to_string(version) +
                    ", made by a newer program; this one knows versions up to " + std::to_string(newest_version) +
                    ". Use the newer program");
}

}  // namespace

void prepare(Client& client, const model::ProductText& text) {
  Connection connection(client, Connection::Sees::majority);
  const auto schema = connection.first(in::meta, Doc("_id", "schema"));
  const int version = version_in(schema);
  refuse_newer(version);
  if (!schema) expect_ours(connection);
  if (schema && !connection.first(in::meta, Doc("_id", "head"))) throw head_is_lost();
  const int texts = schema ? View(*schema).take<std::optional<int>>("text_version").value_or(0) : 0;
  refuse_newer_texts(texts, text);
  if (version < newest_version) make_all(connection);
  // At every start: without an index a list is slow or fails, or a name is no longer unique.
  for (const auto& [file, schema_text] : embedded::store_mongo_collections) {
    make_indexes(connection, name_in(file), schema_text);
  }
  if (texts == text.version) return;
  refresh_texts(connection, text);
  connection.update(in::meta, Doc("_id", "schema"), Doc("$set", Doc("text_version", text.version)));
}

void refuse_newer(Connection& connection) {
  refuse_newer(version_in(connection.first(in::meta, Doc("_id", "schema"))));
}

bool is_older(Connection& connection) {
  const auto schema = connection.first(in::meta, Doc("_id", "schema"));
  return schema && version_in(schema) < newest_version;
}

std::optional<MigrationState> migration_state_of(Connection& connection) {
  const auto head = connection.first(in::meta, Doc("_id", "head"));
  if (!head || !View(*head).has("mark")) return {};
  const auto state = View(*head).take<Doc>("mark");
  return take_migration_state(View(state));
}

void expect_open(Connection& connection) {
  const auto state = migration_state_of(connection);
  if (state && state->closed()) {
    throw Closed(why_closed(*state), "the store is being moved, or was moved, to another store; nothing was changed");
  }
}

Closed head_is_lost() {
  return {
      "the database has lost its head document, {_id: \"head\"} in the collection meta, so nothing can be written. "
      "Restore it, or the whole database, from a backup; or make it again as docs/cluster.md says under \"A lost head "
      "document\"",
      "the store has lost the document that every write begins with; nothing was changed. Its operator must "
      "restore it: the server's log says how"};
}

std::vector<CollectionDescription> descriptions() {
  std::vector<CollectionDescription> all;
  for (const auto& [file, text] : embedded::store_mongo_collections) {
    const Doc described = Doc::from_json(text);
    all.push_back({std::string(name_in(file)), rules(text, true), View(described).take<Array>("indexes")});
  }
  return all;
}

Doc readable(Name collection) {
  for (const auto& [file, text] : embedded::store_mongo_collections) {
    if (name_in(file) == collection.text) return rules(text, false);
  }
  throw Broken("a collection without a description");
}

std::optional<std::string> foreign_collection(Connection& connection) {
  const Doc reply = connection.ask(Doc("listCollections", 1, "nameOnly", true));
  const auto cursor = View(reply).take<Doc>("cursor");
  for (const Doc& each : View(cursor).take<std::vector<Doc>>("firstBatch")) {
    auto name = View(each).take<std::string>("name");
    const bool collection = View(each).take<std::string>("type") == "collection";
    const bool known = std::any_of(std::begin(all_collections), std::end(all_collections),
                                   [&](const Name& ours) { return ours.text == name; });
    if (!name.starts_with("system.") && !(known && collection)) return name;
  }
  return {};
}

}  // namespace integrity::store::mongo
