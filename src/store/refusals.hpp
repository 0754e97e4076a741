// What every engine answers in the same words.
#pragma once
#include <string>

#include "base/result.hpp"
#include "model/product.hpp"
#include "model/user.hpp"

namespace integrity::store {

Error fault(std::string cause);  // internal; `cause` is for the log
Error fault_of_exception();      // of the one being handled; inside a catch handler only
Error sku_taken(const model::Product& product);
Error username_taken(const model::User& user);

}  // namespace integrity::store
