#include "api/description.hpp"

#include <algorithm>

#include "api/embedded.hpp"

namespace integrity::api {
namespace {

json::Value slug_schema() {
  std::vector<std::string_view> slugs;
  for (const CodeInfo& code : all_codes()) slugs.push_back(code.slug);
  return schema::describe_open_words(slugs);
}

PathParameter path_parameter(std::string_view name) {
  if (name == "username") {
    return {name, "The user whose challenge it is, in upper or lower case.", model::username_rule.describe(), "ada"};
  }
  if (name == "slug") return {name, "The last part of a problem's `type`.", slug_schema(), "sku-taken"};
  return {name, "The record's `id`.", schema::Hex24<RecordId>{}.describe(), "6925142bbf57d9d3a4b1c0de"};
}

}  // namespace

std::vector<Group> groups() {
  return {
      {"Accounts", "Signing up, the two steps of a login, and your own account. Caches must not store the responses."},
      {"Products", "The catalogue. Everything here needs an access token, or a program's key."},
      {"Server", "About the server itself."}};
}

std::string_view group_of(const Endpoint& endpoint) {
  if (endpoint.operation.account) return groups()[0].name;
  return endpoint.access.needs_token() ? groups()[1].name : groups()[2].name;
}

std::vector<Convention> conventions() {
  return {
      {"Getting in",
       "`POST /signup` or `POST /login` is the first step and gives a `challenge`; `GET /generate-2fa/{username}` "
       "shows the QR code to a new account; `POST /verify-2fa` takes the challenge and a code, and gives an "
       "`access_token` for ten minutes. There is no way around the second step. Send it as `Authorization: Bearer "
       "<access_token>`; a token in the query string is never read. With the `refresh_token`, `POST /token/refresh` "
       "gives the next access token, without another code, until the session ends."},
      {"Who may do what",
       "An account has a role: viewer, clerk, editor, auditor or admin. A role is a set of scopes, and an operation "
       "names the scope that it needs. With too little it answers 403, and `WWW-Authenticate` names the scope. The "
       "role "
       "is looked up at each request. Some operations need a fresh second factor, at most five minutes old: without it "
       "they answer 401 `proof-required`, the token stays good, and a code at `POST /me/proof` helps. Programs use "
       "keys "
       "instead of tokens, where the operator allows them."},
      {"Bodies",
       "JSON in UTF-8 with `Content-Type: application/json`, read strictly: an unknown or duplicate member or data "
       "after the value is refused. So is an unknown or repeated query parameter. `HEAD` is `GET` without the body."},
      {"Errors",
       "Errors are `application/problem+json` (RFC 9457). `type` says which, and is the address of a page about it; "
       "`detail` says what to do; a 422 has every bad value in `errors`. The checks have this order: 400 for malformed "
       "HTTP, 404 and 405 for the address, 401, 403, 415, 406, 413, 400 for malformed JSON, 422, 404 for the record, "
       "428, 412, 409. 429 and 503 have `Retry-After`."},
      {"Addresses",
       "A path that is not listed here is 404 `not-found`. A listed one that does not have the method is 405 "
       "`method-not-allowed`, whose `Allow` names those it has."},
      {"Money",
       "Exact decimals with at most 4 places and 15 digits; never rounded. Requests may send a number or plain digits "
       "in a string. Responses have numbers with at least two places: `129.90`. Read them as decimals where your "
       "language can. A client that keeps a double (JavaScript, generated code) has the exact price too, if it prints "
       "it in the shortest form that reads back as the same double, as JavaScript, Python, Go and Java do: a double "
       "keeps 15 digits. Never add or multiply such doubles; calculate in ten-thousandths, or send strings."},
      {"Later versions",
       "Responses may get more members, and `x-extensible-enum` more values: a client should ignore unknown members "
       "and keep unknown values as they are. Requests stay as strict as they are."},
      {"Times and ids",
       "Times are RFC 3339 in UTC with milliseconds: `2026-01-31T08:15:30.250Z`. Ids are 24 lower-case hex "
       "characters."},
      {"Versions",
       "Each change gives a record the next `version`, which is also its `ETag`. Send it back in `If-Match`, or the "
       "body that you read with its `version`, and a change that somebody else has made since then is not overwritten: "
       "412."},
      {"Lists",
       "A bare array. Without `limit` and `cursor` it is the whole list, streamed; with one of them a page, and `Link: "
       "<…>; rel=\"next\"` leads to the next one. A list neither repeats nor leaves out a record whose sort key does "
       "not change while it is read; one that is renamed during a list by name can be in it twice, or not at all."},
  };
}

std::vector<Code> problems_of(const Endpoint& endpoint) {
  const Operation& operation = endpoint.operation;
  std::vector<Code> codes = operation.may_fail;
  codes.insert(codes.end(), {Code::bad_request, Code::request_timeout, Code::headers_too_large, Code::not_implemented,
                             Code::invalid_value, Code::unsupported_media_type, Code::internal, Code::overloaded,
                             Code::misdirected_request, Code::too_many_attempts, Code::unavailable});
  if (operation.body_schema) codes.insert(codes.end(), {Code::malformed_json, Code::payload_too_large});
  if (operation.offers.size() > 1) codes.push_back(Code::not_acceptable);
  const Access& access = endpoint.access;
  if (access.needs_token()) codes.push_back(Code::invalid_token);
  if (access.scope || access.for_keys || access.kind == Access::Kind::session) codes.push_back(Code::forbidden);
  if (access.fresh) codes.push_back(Code::proof_required);
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  return codes;
}

std::string needs_of(const Endpoint& endpoint) {
  const Access& access = endpoint.access;
  std::string needs;
  const auto say = [&needs](const std::string& text) { needs += (needs.empty() ? "" : " ") + text; };
  if (access.kind == Access::Kind::first_step_done) say("Needs `Authorization: Bearer <challenge>`.");
  if (access.kind == Access::Kind::session) say("Needs `Authorization: Bearer <access_token>`; no key will do.");
  if (access.kind == Access::Kind::session_or_key)
    say("Needs `Authorization: Bearer <access_token>`, or a program's key.");
  if (access.scope) say("Scope: `" + std::string(name_of(*access.scope)) + "`.");
  if (access.fresh) say("Needs a second factor that was proved in the last five minutes (`POST /me/proof`).");
  if (access.for_keys) say("Only where the operator allows keys (`--api-keys`).");
  return needs;
}

std::vector<PathParameter> path_parameters(const Endpoint& endpoint) {
  std::vector<PathParameter> found;
  for (std::size_t at = endpoint.path.find('{'); at != std::string_view::npos; at = endpoint.path.find('{', at + 1)) {
    found.push_back(path_parameter(endpoint.path.substr(at + 1, endpoint.path.find('}', at) - at - 1)));
  }
  return found;
}

std::string_view transcript_of(const CodeInfo& code) {
  return embedded_text(std::string(code.slug) + ".http");
}

std::string_view answer_body(std::string_view transcript) {
  const auto answer = transcript.find("\nHTTP/1.1 ");
  if (answer == std::string_view::npos) return {};
  const auto end_of_head = transcript.find("\n\n", answer);
  return end_of_head == std::string_view::npos ? std::string_view() : transcript.substr(end_of_head + 2);
}

}  // namespace integrity::api
