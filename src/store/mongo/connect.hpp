// From the text of an address to the address of a replica set, with the timeouts and concerns of this engine.
#pragma once
#include <mongoc/mongoc.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace integrity::store::mongo {

// How long the server waits for a majority to have a commit. Then the commit is sent again.
inline constexpr std::chrono::milliseconds kMajorityWait{2000};

struct DestroyUri {
  void operator()(mongoc_uri_t* uri) const { mongoc_uri_destroy(uri); }
};
using Uri = std::unique_ptr<mongoc_uri_t, DestroyUri>;

void init_driver();  // before every other use of the driver; may be called again

// Null where the text is not an address; `why` then says why, without a password.
Uri parse_address(const std::string& text, std::string& why);

// With the timeouts and concerns of this engine. Throws Unavailable where the text is not an address, or one that
// cannot work.
Uri read_address(const std::string& text);

// Asks a server what it is. Throws Unavailable, with the address and what to do, where no server answers, where it is
// not a member of a replica set and so has no transactions, and where the text is not an address.
Uri look_up(const std::string& text);

std::string addresses(const mongoc_uri_t* uri);  // host:port,…, or the name in mongodb+srv://

// The beginning of the appName of every node of a database; an appName in the address follows it. Nodes find each
// other's transactions by it.
std::string app_name_of(std::string_view database);

void wait_long(mongoc_uri_t* uri);  // sets a long socket timeout: building indexes and migrations take time

}  // namespace integrity::store::mongo
