#include "api/cors.hpp"

namespace integrity::api {

// No Access-Control-Allow-Credentials: tokens are sent in a header that scripts set, not in cookies.
void add_cors_headers(http::Headers& headers, std::string_view origin) {
  headers.emplace_back("Access-Control-Allow-Origin", origin);
  headers.emplace_back("Access-Control-Expose-Headers",
                       "ETag, Idempotency-Replayed, Link, Location, Retry-After, X-Request-Id");
}

bool is_preflight(const http::Request& request) {
  return request.method == http::Method::options && request.header("access-control-request-method");
}

http::Reply preflight_reply() {
  http::Reply reply;
  reply.status = 204;
  reply.with("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE")
      .with("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match")
      .with("Access-Control-Max-Age", "600");
  return reply;
}

}  // namespace integrity::api
