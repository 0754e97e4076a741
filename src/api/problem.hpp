// Errors as RFC 9457 problem documents.
#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "http/message.hpp"
#include "http/server.hpp"

namespace integrity::api {

// A 401 carries `challenge` as its WWW-Authenticate.
http::Reply problem(const Error& error, std::string_view request_id, std::string_view challenge = "Bearer");

// JSON Schema of a problem document, for the description.
json::Value problem_schema();

// In a catch handler: answers with what was thrown, and logs it. 503 for a store that is gone, 500 otherwise. Where even
// that needs more memory than there is, the exchange answers when it is let go.
void answer_thrown(http::Exchange& exchange) noexcept;

template <class Function>
void guarded(http::Exchange& exchange, Function&& function) noexcept try {
  function();
} catch (...) {
  answer_thrown(exchange);
}

}  // namespace integrity::api
