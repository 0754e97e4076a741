// What is in the database of the old program. It is only read.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "flask/row.hpp"

namespace integrity::flask {

struct Found {
  std::string where;                 // "shop" at 127.0.0.1:27017: no user, no password
  std::vector<Row> users, products;  // by _id
  // Other collections, and about how many documents are in each.
  std::map<std::string, std::size_t> others = {};
};

// From a mongod that is alone or a replica set. The database is the one that the address names, or else the only one that
// has one of the two collections. Errors say what to do: no address, nobody answers, no such database, several of them.
Result<Found> read_database(const std::string& uri);

}  // namespace integrity::flask
