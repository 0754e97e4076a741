// Reads the database of the old server. Nothing in it is changed.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "flask/row.hpp"

namespace integrity::flask {

struct Found {
  std::string where;                 // "shop" at 127.0.0.1:27017, without user and password
  std::vector<Row> users, products;  // by _id
  // Other collections, with the approximate number of documents in each.
  std::map<std::string, std::size_t> others = {};
};

// From a standalone mongod or a replica set. The database is the one that the address names, or else the only one that
// has one of the two collections. Errors say what to do: the address is wrong, no server responds, there is no such
// database, or there are several.
Result<Found> read_database(const std::string& uri);

}  // namespace integrity::flask
