// The description for people: one page with every operation, and one page for each problem. Made from the same
// declarations as openapi.hpp. The pages load nothing from other servers and have no scripts.
#pragma once
#include <string>

#include "base/error.hpp"

namespace integrity::api {

std::string docs();
std::string problem_index();
std::string problem_page(const CodeInfo& code);  // the page at a problem's `type`

}  // namespace integrity::api
