// The description for people: one page with every operation, and a page for every problem; from the same declarations
// as openapi.hpp. Nothing is loaded from elsewhere and no script runs.
#pragma once
#include <string>

#include "base/error.hpp"

namespace integrity::api {

std::string docs();
std::string problem_index();
std::string problem_page(const CodeInfo& code);  // what a problem's `type` leads to

}  // namespace integrity::api
