// docs/roles.md, generated from the declarations.
#pragma once
#include <string>

namespace integrity::api {

std::string roles_page();  // Markdown

}  // namespace integrity::api
