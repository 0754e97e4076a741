// About the server itself: is it alive, what can it do, what does a problem mean.
#include "api/endpoints.hpp"
#include "api/openapi.hpp"

namespace integrity::api {
namespace {

struct Health {
  std::string status = "ok";
};
auto fields(const Health*) {
  return std::tuple{schema::required("status", &Health::status, schema::OneOf{"ok"})};
}

Result<Ok<Health>> health(const Context&, const auth::Anyone&) {
  return Ok<Health>{{}, {{"Cache-Control", "no-store"}}};
}

Result<Ok<Raw>> jwks(const Context& context, const auth::Anyone&) {
  return Ok<Raw>{{"application/json", context.services.tokens.jwks()}, {{"Cache-Control", "public, max-age=300"}}};
}

Result<Ok<Raw>> problem_page_of(const Context& context, const auth::Anyone&) {
  for (const CodeInfo& code : all_codes()) {
    if (code.slug == context.parameters.front()) {
      return Ok<Raw>{{"text/html; charset=utf-8", problem_page(code)}};
    }
  }
  return not_found();
}

Result<Ok<Raw>> description(const Context&, const auth::Anyone&) {
  static const std::string text = openapi();
  return Ok<Raw>{{"application/json", text}};
}

}  // namespace

namespace service {

Operation health() {
  return operation("getHealth", "Is the server alive?", {}, &api::health);
}

Operation jwks() {
  return operation("getKeys", "The public keys that tokens are verified with (RFC 7517)", {}, &api::jwks)
      .offering({"application/json"});
}

Operation problem_page() {
  return operation("getProblem", "What a problem means, for people", {Code::not_found}, &problem_page_of)
      .offering({"text/html"});
}

Operation description() {
  return operation("getDescription", "This description (OpenAPI 3.1)", {}, &api::description)
      .offering({"application/json"});
}

}  // namespace service
}  // namespace integrity::api
