// Cross-origin requests from browsers (the Fetch standard's CORS protocol), for the origins the operator named.
#pragma once
#include <string_view>

#include "http/message.hpp"

namespace integrity::api {

void add_cors_headers(http::Headers& headers, std::string_view origin);
bool is_preflight(const http::Request& request);
http::Reply preflight_reply();

}  // namespace integrity::api
