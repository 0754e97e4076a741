// The engine for more than one machine: a MongoDB replica set, and any number of nodes that write to it.
//
//   auto store = open_mongo({.uri = "mongodb://db1,db2,db3/integrity", .clock = &clock});
//
// README.md beside this file tells the life of a write. The address is MongoDB's connection string; its database is
// "integrity" where it names none. Opening throws Unavailable and says why: nobody answers there, the server is no
// member of a replica set, or the database is of a newer program. Destroying the store finishes what is queued; no
// ReadTx may be left then, nor a thread that still submits.
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
  // How long a write is begun again while there is no primary; what is under way then ends within four seconds, so it is
  // answered after 10 s at most. Longer than a replica set needs for another primary when the old one says that it goes;
  // one that was killed is missed after ten seconds.
  std::chrono::milliseconds time_limit{6000};
  // How far this node's clock may be from the primary's for it to write; nothing: any distance.
  std::optional<Millis> clock_off_max = {};
  bool run_writes_twice = false;  // run each closure, undo it, run it again: tests that closures can bear it
};

std::unique_ptr<Store> open_mongo(const MongoOptions& options);

// Why the text is no address of one, or "". Asks nobody, and shows no password.
std::string no_address(const std::string& uri);

// Whether a store was ever opened there. Makes nothing; throws as opening does.
bool is_mongo_store(const std::string& uri);

// For a move. Nodes that have it open need not end: those of a source write nothing from the moment it is sealed.
std::unique_ptr<Bulk> open_mongo_bulk(const std::string& uri, const model::ProductText& text);

}  // namespace integrity::store::mongo
