// Versions in the headers of a request, and the ETag of an answer.
#pragma once
#include <string>

#include "api/call.hpp"
#include "catalog/expected.hpp"

namespace integrity::api {

inline std::string etag(std::int64_t version) {
  return '"' + std::to_string(version) + '"';
}

// If-Match compares strongly, If-None-Match weakly (RFC 9110 §13.1). Error: bad_request for a header that cannot be read.
Result<catalog::Expected> expected(const Context& context);
// The same, for checking_head.
Status readable_preconditions(const Context& context);

}  // namespace integrity::api
