// Databases for tests, on the replica set that INTEGRITY_TEST_MONGO_URI names. They are dropped when their test ends.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "store/mongo/handles.hpp"

namespace integrity::store::mongo {

inline std::string test_server() {
  const char* const uri = std::getenv("INTEGRITY_TEST_MONGO_URI");
  return uri == nullptr ? "" : uri;
}

// The address of a database with this name on that server.
inline std::string address_of_database(const std::string& name) {
  const std::string server = test_server();
  const auto path = server.find('/', server.find("://") + 3);
  const auto options = server.find('?');
  const std::string hosts = server.substr(0, std::min(path, options));
  return hosts + "/" + name + (options == std::string::npos ? "" : server.substr(options));
}

class DropsDatabases final : public testing::EmptyTestEventListener {
 public:
  void add(const std::string& name) { names_.insert(name); }

 private:
  void OnTestEnd(const testing::TestInfo&) override {
    if (names_.empty()) return;
    if (!pool_) pool_.emplace(test_server());  // one for all tests: each takes half a second to end
    Client client(*pool_);
    for (const auto& name : names_) {
      mongoc_database_t* const database = mongoc_client_get_database(client.get(), name.c_str());
      mongoc_database_drop(database, nullptr);
      mongoc_database_destroy(database);
    }
    names_.clear();
  }
  std::set<std::string> names_;
  std::optional<Pool> pool_;
};

inline std::string test_database(const std::string& name) {
  static DropsDatabases* const drops = [] {
    auto listener = std::make_unique<DropsDatabases>();
    testing::UnitTest::GetInstance()->listeners().Append(listener.get());
    return listener.release();  // to the list
  }();
  drops->add(name);
  return address_of_database(name);
}

}  // namespace integrity::store::mongo
