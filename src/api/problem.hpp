// Errors as RFC 9457 problem documents.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "http/message.hpp"
#include "http/server.hpp"

namespace integrity::api {

http::Reply problem(const Error& error, std::string_view request_id);

// JSON Schema of a problem document, for the description.
std::string problem_schema();

// Runs `function`; what it throws becomes an answer and a line in the log: 503 for a store that is gone, 500 else.
void guarded(http::Exchange& exchange, const std::function<void()>& function);

}  // namespace integrity::api
