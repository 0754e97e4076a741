#include "api/description.hpp"
#include "api/docs.hpp"
#include "api/html.hpp"

namespace integrity::api {
namespace {

std::string item(const CodeInfo& code) {
  return "<tr><td><a href=\"/problems/" + std::string(code.slug) + "\"><code>" + std::string(code.slug) +
         "</code></a></td><td>" + std::to_string(code.status) + "</td><td>" + escape_html(code.title) + "</td></tr>\n";
}

std::string who_gives(Code code) {
  if (code == Code::method_not_allowed) return "<p>Every path, for the methods that it does not have.</p>\n";
  std::string items;
  std::size_t count = 0;
  const auto all = endpoints();
  for (const Endpoint& endpoint : all) {
    const auto given = problems_of(endpoint);
    if (std::find(given.begin(), given.end(), code) == given.end()) continue;
    ++count;
    items += "<li><a href=\"/docs#" + std::string(endpoint.operation.name) + "\"><code>" +
             std::string(http::to_string(endpoint.method)) + ' ' + escape_html(endpoint.path) + "</code></a> " +
             prose(endpoint.operation.summary) + "</li>\n";
  }
  if (count == 0) return "<p>No operation of this version. The name is reserved for a later one.</p>\n";
  if (count == all.size()) return "<p>Every operation.</p>\n";
  return "<ul>\n" + items + "</ul>\n";
}

}  // namespace

std::string problem_index() {
  std::string body =
      "<h1>Problems</h1>\n<p>Every error of this server is a problem document (RFC 9457) whose <code>type</code> is "
      "one of these. Later versions add types, and rename none.</p>\n<div class=\"wide\"><table>\n"
      "<tr><th>type</th><th>status</th><th>title</th></tr>\n";
  for (const CodeInfo& code : all_codes()) body += item(code);
  body += "</table></div>\n<p><a href=\"/docs\">All operations</a></p>\n";
  return page("Problems", body);
}

std::string problem_page(const CodeInfo& code) {
  std::string body = "<h1>" + escape_html(code.title) + "</h1>\n<p><code>" + std::string(code.slug) +
                     "</code>, status " + std::to_string(code.status) +
                     "</p>\n<h2>What happened, and what to do</h2>\n<p>" + prose(code.explanation) +
                     "</p>\n<h2>Which operations have it</h2>\n" + who_gives(code.code);
  if (const auto transcript = transcript_of(code); !transcript.empty()) {
    body +=
        "<h2>Example</h2>\n<p>Values that differ each time are in angle brackets. Headers of every response are left "
        "out.</p>\n<pre>" +
        escape_html(transcript) + "</pre>\n";
  }
  body += "<p><a href=\"/problems\">All problems</a> · <a href=\"/docs\">All operations</a></p>\n";
  return page(code.title, body);
}

}  // namespace integrity::api
