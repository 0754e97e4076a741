// For tests: nodes on one database, and a shell.
#pragma once
#include "store/contract/move_contract.hpp"
#include "store/contract/store_contract.hpp"
#include "store/mongo/error_map.hpp"
#include "store/mongo/mongo_store.hpp"
#include "store/mongo/schema.hpp"
#include "store/mongo/test_databases.hpp"

namespace integrity::store::mongo {

inline std::string refusal(const std::string& uri) {
  const ManualClock clock;
  try {
    open_mongo({.uri = uri, .clock = &clock, .text = plain_text});
  } catch (const Unavailable& unavailable) {
    return unavailable.what();
  }
  return "";
}

// Works on a database directly, as an operator does with mongosh.
class Shell {
 public:
  explicit Shell(const std::string& address)
      : pool_(address), client_(pool_), connection_(client_, Connection::Sees::majority) {}

  Doc run(const std::string& command) {
    bson_t reply;
    bson_error_t error;
    const bool done = mongoc_client_command_simple(client_.get(), pool_.database().c_str(),
                                                   Doc::from_json(command).get(), nullptr, &reply, &error);
    const Doc copy = Doc::copy_of(&reply);
    bson_destroy(&reply);
    if (!done) raise(error, copy.get());
    return copy;
  }
  // False: the server refused it.
  bool try_run(const std::string& command) {
    try {
      const Doc reply = run(command);
      return !View(reply).has("writeErrors");
    } catch (const Broken&) {
      return false;
    }
  }
  // Sets members of the matching documents, past the validator.
  void force(const std::string& collection, const std::string& which, const std::string& members) {
    run(R"({"update": ")" + collection + R"(", "bypassDocumentValidation": true, "updates": [{"q": )" + which +
        R"(, "u": {"$set": )" + members + R"(}}]})");
  }
  std::vector<std::string> collections() {
    const Doc reply = run(R"({"listCollections": 1, "nameOnly": true})");
    const auto cursor = View(reply).take<Doc>("cursor");
    std::vector<std::string> names;
    for (const Doc& each : View(cursor).take<std::vector<Doc>>("firstBatch")) {
      names.push_back(View(each).take<std::string>("name"));
    }
    return names;
  }
  Connection& connection() { return connection_; }

 private:
  Pool pool_;
  Client client_;
  Connection connection_;
};

class MongoNodes : public testing::Test {
 protected:
  void SetUp() override {
    if (test_server().empty()) GTEST_SKIP() << "INTEGRITY_TEST_MONGO_URI is not set";
    address_ = test_database(to_hex(as_bytes(folder_.path().filename().string())));
  }
  std::unique_ptr<Store> open(const model::ProductText& text = plain_text, const std::string& address = {}) {
    return open_mongo({.uri = address.empty() ? address_ : address, .clock = &clock_, .text = text});
  }
  std::string with_option(const std::string& option) const {
    return address_ + (address_.find('?') == std::string::npos ? "?" : "&") + option;
  }
  model::Product product(std::uint16_t number, std::string name = "Lamp") {
    model::Product product;
    product.id = ProductId{
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}};
    product.name = std::move(name);
    product.price = Money{1};
    product.currency = "EUR";
    product.created_at = product.updated_at = clock_.now();
    return product;
  }
  static Result<bool> create(Store& store, const model::Product& product) {
    return store.write([&](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product({}, product));
      return true;
    });
  }

  ManualClock clock_;
  std::string address_;
  TempFolder folder_;
};

}  // namespace integrity::store::mongo
