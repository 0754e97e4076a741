// Pages for people: one look, no script, nothing from elsewhere.
#pragma once
#include <string>
#include <string_view>

#include "api/operation.hpp"

namespace integrity::api {

// `body` is HTML; the title is text. Goes with page_headers(), which allow this page its style and nothing else.
std::string page(std::string_view title, std::string_view body);
Headers page_headers();

std::string escape_html(std::string_view text);
// Text in which code stands in backticks, as HTML.
std::string prose(std::string_view text);

}  // namespace integrity::api
