// Operations about the server itself: is it alive, can it work, its description, its problems.
#include <map>
#include <string>
#include <string_view>

#include "api/docs.hpp"
#include "api/endpoints.hpp"
#include "api/html.hpp"
#include "api/openapi.hpp"

namespace integrity::api {
namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";

struct Index {
  std::string description = "/openapi.json", documentation = "/docs", problems = "/problems";
};
auto fields(const Index*) {
  return std::tuple{schema::required("description", &Index::description, schema::Opaque{}, "for programs"),
                    schema::required("documentation", &Index::documentation, schema::Opaque{}, "for people"),
                    schema::required("problems", &Index::problems, schema::Opaque{}, "what errors mean")};
}
constexpr std::string_view schema_name(const Index*) {
  return "Index";
}

struct Health {
  std::string status = "ok";
};
auto fields(const Health*) {
  return std::tuple{schema::required("status", &Health::status, schema::OneOf{"ok"})};
}
constexpr std::string_view schema_name(const Health*) {
  return "Health";
}

struct Ready {
  std::string status = "ready";
};
auto fields(const Ready*) {
  return std::tuple{schema::required("status", &Ready::status, schema::OneOf{"ready"})};
}
constexpr std::string_view schema_name(const Ready*) {
  return "Readiness";
}

// Redirects a browser to the pages. A program gets a list of addresses.
Result<Ok<Raw>> index(const Context& context, const auth::Anyone&) {
  Ok<Raw> answer{{"application/json", {}}, {{"Vary", "Accept"}}};
  answer.elsewhere = context.offer == 1;
  if (answer.elsewhere) answer.headers.emplace_back("Location", "/docs");
  schema::write(answer.body.body, Index{});
  return answer;
}

Result<Ok<Health>> health(const Context&, const auth::Anyone&) {
  return Ok<Health>{};
}

// Answered after a commit, so that "ready" is true now.
Result<Write<Ok<Ready>>> ready(const Context&, const auth::Anyone&, store::ReadTx& tx) {
  tx.last_change_number();  // throws when the store cannot be read
  return Write<Ok<Ready>>{[](store::WriteTx& write) -> Result<Ok<Ready>> {
    INTEGRITY_CHECK(write.touch());
    return Ok<Ready>{};
  }};
}

Result<Ok<Raw>> jwks(const Context& context, const auth::Anyone&) {
  return Ok<Raw>{{"application/json", context.services.tokens.jwks()}, {{"Cache-Control", "public, max-age=300"}}};
}

Result<Ok<Raw>> description(const Context&, const auth::Anyone&) {
  static const std::string text = openapi();
  return Ok<Raw>{{"application/json", text}};
}

Result<Ok<Raw>> docs_page(const Context&, const auth::Anyone&) {
  static const std::string text = docs();
  return Ok<Raw>{{kHtml, text}, page_headers()};
}

Result<Ok<Raw>> problems(const Context&, const auth::Anyone&) {
  static const std::string text = problem_index();
  return Ok<Raw>{{kHtml, text}, page_headers()};
}

std::map<std::string_view, std::string> problem_pages() {
  std::map<std::string_view, std::string> pages;
  for (const CodeInfo& code : all_codes()) pages.emplace(code.slug, problem_page(code));
  return pages;
}

Result<Ok<Raw>> problem_page_of(const Context& context, const auth::Anyone&) {
  static const auto pages = problem_pages();
  const auto found = pages.find(context.parameters.front());
  if (found == pages.end()) return not_found();
  return Ok<Raw>{{kHtml, found->second}, page_headers()};
}

}  // namespace

namespace service {

OperationFor<auth::Anyone> index() {
  return operation("getIndex", "Where to begin", {}, &api::index)
      .described("Redirects a browser to `/docs`. A program gets the addresses of the descriptions.")
      .offering({"application/json", "text/html"})
      .answering_with<Index>()
      .leading_elsewhere();
}

OperationFor<auth::Anyone> health() {
  return operation("getHealth", "Is the server alive?", {}, &api::health)
      .described("The server is running. `/readyz` says whether it can also work.")
      .never_stored();
}

OperationFor<auth::Anyone> ready() {
  return operation("getReadiness", "Can the server work?", {}, &api::ready)
      .described(
          "200 if the store has just been read and written, and has room for more than any request writes; "
          "otherwise 503 with the reason. Tested by real writes, at most one a second for any number of requests.")
      .never_stored();
}

OperationFor<auth::Anyone> jwks() {
  return operation("getKeys", "The public keys that tokens are verified with (RFC 7517)", {}, &api::jwks)
      .described("For other services that want to verify access tokens themselves. Empty where tokens are HS256.")
      .offering({"application/json"});
}

OperationFor<auth::Anyone> description() {
  return operation("getDescription", "This description (OpenAPI 3.1)", {}, &api::description)
      .described("Made from the declarations that the server uses for routing and checks.")
      .offering({"application/json"});
}

OperationFor<auth::Anyone> docs() {
  return operation("getDocs", "This description, for people", {}, &docs_page)
      .described("One page with every operation, and example clients.")
      .offering({"text/html"});
}

OperationFor<auth::Anyone> problem_index() {
  return operation("listProblems", "All problems, for people", {}, &problems)
      .described("Every `type` that an error can have, with its status and a link to its page.")
      .offering({"text/html"});
}

OperationFor<auth::Anyone> problem_page() {
  return operation("getProblem", "What a problem means, for people", {Code::not_found}, &problem_page_of)
      .described("What happened, what to do next, which operations have it, and an example.")
      .offering({"text/html"});
}

}  // namespace service
}  // namespace integrity::api
