// Pages for people, with one style. They load nothing from other servers and have no scripts.
#pragma once
#include <string>
#include <string_view>

#include "api/operation.hpp"

namespace integrity::api {

// `body` is HTML, `title` is text. Send it with page_headers(), which allow its style sheet and nothing else.
std::string page(std::string_view title, std::string_view body);
Headers page_headers();

std::string escape_html(std::string_view text);
// Text with code in backticks, as HTML.
std::string prose(std::string_view text);

}  // namespace integrity::api
