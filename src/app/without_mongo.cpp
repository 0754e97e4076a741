// In a build without MongoDB's driver (-DINTEGRITY_MONGO=OFF), this file replaces the engine in store/mongo/ and
// flask/source.cpp: every address of a MongoDB is refused when it is read, so the functions that throw are never
// reached.
#include "flask/source.hpp"
#include "store/mongo/check.hpp"
#include "store/mongo/mongo_store.hpp"

namespace integrity {
namespace {

constexpr const char* kWithout = "this program was built without MongoDB (INTEGRITY_MONGO=OFF)";

}  // namespace

namespace store::mongo {

std::string no_address(const std::string& /*uri*/) {
  return kWithout;
}
std::unique_ptr<Store> open_mongo(const MongoOptions& /*options*/) {
  throw Unavailable(kWithout);
}
bool is_mongo_store(const std::string& /*uri*/) {
  throw Unavailable(kWithout);
}
std::unique_ptr<Bulk> open_mongo_bulk(const std::string& /*uri*/, const model::ProductText& /*text*/) {
  throw Unavailable(kWithout);
}
std::unique_ptr<CheckSource> open_mongo_check(const std::string& /*uri*/, const model::ProductText& /*text*/) {
  throw Unavailable(kWithout);
}

std::unique_ptr<RowSource> open_mongo_snapshot(const std::string& /*uri*/) {
  throw Unavailable(kWithout);
}

}  // namespace store::mongo

namespace flask {

Result<Found> read_database(const std::string& /*uri*/) {
  return Error{Code::invalid_value, kWithout};
}

}  // namespace flask
}  // namespace integrity
