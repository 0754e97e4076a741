// From the text of an address to one that can be worked with: a replica set, with the times and promises of this
// engine.
#pragma once
#include <mongoc/mongoc.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace integrity::store::mongo {

// For a majority to have a commit; then it is asked again whether it has.
inline constexpr std::chrono::milliseconds kMajorityWait{2000};

struct DestroyUri {
  void operator()(mongoc_uri_t* uri) const { mongoc_uri_destroy(uri); }
};
using Uri = std::unique_ptr<mongoc_uri_t, DestroyUri>;

void init_driver();  // before anything else of it; once is enough

// Null, and why, without showing a password, where the text is no address.
Uri parse_address(const std::string& text, std::string& why);

// With the times and promises of this engine. Throws Unavailable where it is no address, or one that cannot work.
Uri read_address(const std::string& text);

// Asks a server what it is. Throws Unavailable, saying the address and what to do: nobody answers, a server that is
// alone and so has no transactions, or no MongoDB address at all.
Uri look_up(const std::string& text);

std::string addresses(const mongoc_uri_t* uri);  // host:port,…, or the name that mongodb+srv:// looks up

// What every node of a database calls itself to the servers, before the appName of its address: nodes find each other's
// transactions by it, whatever that is.
std::string app_name_of(std::string_view database);

void wait_long(mongoc_uri_t* uri);  // for answers: indexes and moves take their time

}  // namespace integrity::store::mongo
