// In a program that was built without MongoDB's driver (-DINTEGRITY_MONGO=OFF), this file stands for the engine in store/mongo/
// and for flask/source.cpp: every address of a MongoDB is refused where it is read, so that nothing else is ever reached.
#include "flask/source.hpp"
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

}  // namespace store::mongo

namespace flask {

Result<Found> read_database(const std::string& /*uri*/) {
  return Error{Code::invalid_value, kWithout};
}

}  // namespace flask
}  // namespace integrity
