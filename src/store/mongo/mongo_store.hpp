// The engine for more than one machine: a MongoDB replica set, and any number of nodes that write to it.
//
//   auto store = open_mongo({.uri = "mongodb://db1,db2,db3/integrity", .clock = &clock});
//
// README.md in this folder describes the life of a write. The address is MongoDB's connection string; where it names no
// database, it is "integrity". Opening throws Unavailable and says why: no server answers, the server is not a member
// of a replica set, or the database is of a newer program. Destroying the store finishes the queued writes. By then
// every ReadTx must be gone, and no thread may submit.
#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "store/bulk.hpp"
#include "store/store.hpp"

namespace integrity::store::mongo {

struct MongoOptions {
  std::string uri;
  const Clock* clock = nullptr;  // outlives the store
  model::ProductText text = {};  // what products are searched and sorted by
  std::size_t queue_max = 4096;  // writes waiting; more are refused with Code::overloaded
  // How long a write is repeated while there is no primary. What is under way then ends within four seconds, so the
  // response comes after 10 s at most. Long enough for a primary that steps down; a replica set needs ten seconds to
  // notice that a primary was killed.
  std::chrono::milliseconds time_limit{6000};
  // How far this node's clock may be from the primary's while this node writes; nothing: any distance.
  std::optional<Millis> clock_off_max = {};
  bool run_writes_twice = false;  // run each closure, undo it, run it again: tests that closures can bear it
};

std::unique_ptr<Store> open_mongo(const MongoOptions& options);

// Why the text is not an address, or "". Contacts no server, and shows no password.
std::string no_address(const std::string& uri);

// Whether a store was ever opened there. Changes nothing; throws as opening does.
bool is_mongo_store(const std::string& uri);

// For a migration. Nodes may have the store open meanwhile: once a source is sealed, they write nothing.
std::unique_ptr<Bulk> open_mongo_bulk(const std::string& uri, const model::ProductText& text);
// For a backup: one state, however long it is read, while nodes write. Unavailable once the server no longer has it.
std::unique_ptr<RowSource> open_mongo_snapshot(const std::string& uri);

}  // namespace integrity::store::mongo
