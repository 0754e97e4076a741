#include "store/refusals.hpp"

#include <exception>
#include <utility>

namespace integrity::store {

Error fault(std::string cause) {
  return {.code = Code::internal,
          .detail = "the server met a fault of its own; nothing was changed",
          .cause = std::move(cause)};
}

Error out_of_memory() noexcept {
  return {.code = Code::unavailable,
          .detail = "maybe written",
          .retry_after = std::chrono::seconds(1),
          .cause = "out of memory"};
}

Error fault_of_exception() noexcept {
  return error_of([] {
    try {
      throw;
    } catch (const std::exception& exception) {
      return fault(exception.what());
    } catch (...) {
      return fault("a write threw something that is not an exception");
    }
  });
}

Error sku_taken(const model::Product& product) {
  return {Code::sku_taken, "sku \"" + product.sku.value_or("") + "\" belongs to another product"};
}

Error username_taken(const model::User& user) {
  return {Code::username_taken, "the username \"" + user.username + "\" is taken; choose another"};
}

}  // namespace integrity::store
