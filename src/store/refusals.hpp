// Errors that both engines give in the same words, and errors where there is no memory for words.
#pragma once
#include <new>
#include <string>

#include "base/result.hpp"
#include "model/product.hpp"
#include "model/user.hpp"

namespace integrity::store {

// Takes no memory: its texts fit into the string objects. "Maybe", for it stands for any other error.
Error out_of_memory() noexcept;

// What `make` returns, or `out_of_memory` where there is not enough. For catch handlers and for the functions of
// threads: an exception that leaves one of these ends the process.
template <class Make>
Error error_of(Make make) noexcept {
  try {
    return make();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

Error fault(std::string cause);       // internal; `cause` is for the log
Error fault_of_exception() noexcept;  // of the exception being handled; inside a catch handler only
Error sku_taken(const model::Product& product);
Error username_taken(const model::User& user);

}  // namespace integrity::store
