// Errors of libmongoc, which have hundreds of domains and codes, as the kinds that make a difference here.
#pragma once
#include <mongoc/mongoc.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "store/store.hpp"

namespace integrity::store::mongo {

enum class Kind : std::uint8_t {
  away,            // no server, no primary, no free connection or disk, no answer in time
  conflict,        // the transaction met another one, or the server ended it: it did not happen, and may be tried again
  unknown_commit,  // the transaction may have been committed, or not
  out_of_time,     // a query took longer than its maxTimeMS
  duplicate,       // a unique index has this value already
  broken,          // everything else: a fault of the program or the database
};

Kind kind_of(const bson_error_t& error, const bson_t* reply);

// Trouble that passes: the kinds away, conflict, unknown_commit and out_of_time.
struct Trouble : Unavailable {
  Trouble(Kind k, const std::string& what) : Unavailable(what), kind(k) {}
  Kind kind;
};

// The store can be reached but must not be used now, and trying again at once does not help: it is a side of a
// migration (store/bulk.hpp), has lost its head document, or this node's clock is wrong. `detail` is for clients.
struct Closed : Unavailable {
  Closed(const std::string& what, std::string for_clients) : Unavailable(what), detail(std::move(for_clients)) {}
  std::string detail;
};

struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// A document that does not match the validator of its collection. `id` is its _id; empty where it is not known.
struct Unreadable : Broken {
  Unreadable(std::string which, const std::string& why)
      : Broken((which.empty() ? "a stored document" : "the stored document " + which) + " cannot be read: " + why),
        id(std::move(which)) {}
  std::string id;
};
struct Duplicate : Broken {
  using Broken::Broken;
};

// Throws one of the above.
[[noreturn]] void raise(const bson_error_t& error, const bson_t* reply);

}  // namespace integrity::store::mongo
