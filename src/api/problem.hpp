// Errors as RFC 9457 problem documents.
#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "http/message.hpp"
#include "http/server.hpp"

namespace integrity::api {

// `challenge` is the WWW-Authenticate, which every 401 has.
http::Reply problem(const Error& error, std::string_view request_id, std::string_view challenge = {});

// JSON Schema of a problem document, for the description.
json::Value problem_schema();

// In a catch handler: logs the exception, and answers with 503 if the store is unavailable, otherwise with 500. If
// there is not enough memory for that, the destructor of the exchange answers.
void answer_thrown(http::Exchange& exchange) noexcept;

template <class Function>
void guarded(http::Exchange& exchange, Function&& function) noexcept try {
  function();
} catch (...) {
  answer_thrown(exchange);
}

}  // namespace integrity::api
