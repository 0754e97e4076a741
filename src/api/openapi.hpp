// The API described in OpenAPI 3.1, from the same declarations that route and check.
#pragma once
#include <string>

namespace integrity::api {

std::string openapi();

}  // namespace integrity::api
