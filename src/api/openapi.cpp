#include "api/openapi.hpp"

#include <algorithm>
#include <map>

#include "api/description.hpp"
#include "base/ascii.hpp"
#include "base/json_document.hpp"

namespace integrity::api {
namespace {

using json::add;
using json::object;
using json::string;
using json::Value;

bool is_empty(const Value& object) {
  return object.items.empty();
}

void add_text(Value& object, std::string_view name, std::string_view text) {
  if (!text.empty()) add(object, name, string(text));
}

void add_unless_empty(Value& object, std::string_view name, Value members) {
  if (!is_empty(members)) add(object, name, std::move(members));
}

// The components that operations refer to, collected while these are described. By kind, then by name.
using Referred = std::map<std::string_view, schema::Components>;

Value refer_to(std::string_view kind, std::string_view name, Value described, Referred& referred) {
  referred[kind].try_emplace(std::string(name), std::move(described));
  return object({{"$ref", string("#/components/" + std::string(kind) + '/' + std::string(name))}});
}

Value header(const Header& header, Referred& referred) {
  const Value schema = json::literal(header.schema);
  Value described = object({{"description", string(header.about)}});
  const bool always = header.presence == Header::Presence::always;
  if (always) add(described, "required", json::boolean(true));
  const bool integer = schema.find("type")->text == "integer";
  add(described, "schema", schema);
  add(described, "example", integer ? json::literal(header.example) : string(header.example));
  // Two headers can have the same name: one that is always there, one that is not.
  return refer_to("headers", std::string(header.name) + (always ? "" : ".optional"), std::move(described), referred);
}

Value headers(std::vector<Header> given, Referred& referred) {
  given.push_back(header::request_id);
  Value headers = object();
  for (const Header& each : given) add(headers, each.name, header(each, referred));
  return headers;
}

std::vector<Header> headers_of_problems(int status, const std::vector<Code>& codes) {
  std::vector<Header> headers;
  if (status == 401) headers.push_back(header::www_authenticate);
  if (std::find(codes.begin(), codes.end(), Code::forbidden) != codes.end()) {
    headers.push_back(header::www_authenticate_at_times);
  }
  if (status == 429 || status == 503) headers.push_back(header::retry_after);
  for (const Code code : codes) {
    if (code != Code::code_already_used && code != Code::idempotency_in_progress) continue;
    headers.push_back(header::retry_after_at_times);
  }
  return headers;
}

// The problems of one status, as one response. It is named by their slugs, since many operations share it. The possible
// types are next to the schema, not in it: generators make a type of a reference only where nothing is next to it.
Value problem_response(int status, const std::vector<Code>& codes, Referred& referred) {
  std::string name, about;
  Value types = json::array(), examples = object();
  for (const Code code : codes) {
    const CodeInfo& each = info(code);
    name += (name.empty() ? "" : ".") + std::string(each.slug);
    about += (about.empty() ? "`" : "\n\n`") + std::string(each.slug) + "`: " + std::string(each.explanation);
    types.items.push_back(string("/problems/" + std::string(each.slug)));
    const auto body = answer_body(transcript_of(each));
    if (body.empty()) continue;
    Value example = object({{"summary", string(each.title)}, {"value", json::literal(body)}});
    add(examples, each.slug, refer_to("examples", each.slug, std::move(example), referred));
  }
  Value media = object({{"schema", refer_to("schemas", "Problem", problem_schema(), referred)}});
  add_unless_empty(media, "examples", std::move(examples));
  Value response = object({{"description", string(about)},
                           {"headers", headers(headers_of_problems(status, codes), referred)},
                           {"content", object({{"application/problem+json", std::move(media)}})},
                           {"x-problem-types", std::move(types)}});
  return refer_to("responses", name, std::move(response), referred);
}

Value examples(const Operation& operation, std::string_view Example::*side) {
  Value examples = object();
  for (const Example& each : operation.examples) {
    if ((each.*side).empty()) continue;
    add(examples, each.name, object({{"summary", string(each.summary)}, {"value", json::literal(each.*side)}}));
  }
  return examples;
}

Value json_content(const Value& schema, Value examples) {
  Value media = object({{"schema", schema}});
  add_unless_empty(media, "examples", std::move(examples));
  return media;
}

// The operations on a created record: POST /products links to /products/{pid} and the paths below it.
Value links(const Endpoint& maker, const std::vector<Endpoint>& all) {
  Value links = object();
  const auto below = std::string(maker.path) + "/{";
  for (const Endpoint& other : all) {
    if (maker.method != http::Method::post || !other.path.starts_with(below)) continue;
    const auto name = other.path.substr(below.size(), other.path.find('}') - below.size());
    add(links, other.operation.name,
        object({{"operationId", string(other.operation.name)},
                {"parameters", object({{name, string("$response.body#/id")}})}}));
  }
  return links;
}

Value success(const Endpoint& endpoint, const std::vector<Endpoint>& all, Referred& referred) {
  const Operation& operation = endpoint.operation;
  std::vector<Header> given = operation.gives;
  if (operation.no_store) given.push_back(header::cache_control);
  Value response = object({{"description", string("Done.")}, {"headers", headers(std::move(given), referred)}});
  Value content = object();
  for (const auto offer : operation.offers) {
    const bool described = offer == "application/json" && operation.answer_schema;
    add(content, offer,
        described ? json_content(*operation.answer_schema, examples(operation, &Example::answer)) : object());
  }
  add_unless_empty(response, "content", std::move(content));
  add_unless_empty(response, "links", links(endpoint, all));
  return response;
}

Value responses(const Endpoint& endpoint, const std::vector<Endpoint>& all, Referred& referred) {
  const Operation& operation = endpoint.operation;
  Value responses = object({{std::to_string(operation.status), success(endpoint, all, referred)}});
  const auto bare = [&](std::string_view status, std::string_view about, const Header& header) {
    add(responses, status, object({{"description", string(about)}, {"headers", headers({header}, referred)}}));
  };
  if (operation.may_be_elsewhere) bare("303", "The response is at the address in `Location`.", header::location);
  if (operation.may_be_not_modified) bare("304", "You have this version already.", header::etag);
  std::map<int, std::vector<Code>> by_status;
  for (const Code code : problems_of(endpoint)) by_status[info(code).status].push_back(code);
  for (const auto& [status, codes] : by_status) {
    add(responses, std::to_string(status), problem_response(status, codes, referred));
  }
  return responses;
}

Value parameter(std::string_view in, std::string_view name, std::string_view about, Value schema,
                std::string_view example) {
  Value parameter = object({{"name", string(name)},
                            {"in", string(in)},
                            {"description", string(about)},
                            {"required", json::boolean(in == "path")},
                            {"schema", std::move(schema)}});
  add_text(parameter, "example", example);
  return parameter;
}

Value parameters(const Endpoint& endpoint, Referred& referred) {
  Value list = json::array();
  for (const auto& each : path_parameters(endpoint)) {
    list.items.push_back(parameter("path", each.name, each.about, each.schema, each.example));
  }
  for (const auto& each : endpoint.operation.query) {
    list.items.push_back(parameter("query", each.name, each.about, each.schema, {}));
  }
  for (const Header& each : endpoint.operation.honours) {
    Value described = parameter("header", each.name, each.about, json::literal(each.schema), each.example);
    list.items.push_back(refer_to("parameters", each.name, std::move(described), referred));
  }
  return list;
}

// Any one of the listed schemes will do, with the scope that stands in it.
Value security(const Access& access) {
  Value scopes = json::array(), any = json::array();
  if (access.scope) scopes.items.push_back(string(name_of(*access.scope)));
  const auto add_scheme = [&](std::string_view scheme) { any.items.push_back(object({{scheme, scopes}})); };
  if (access.kind == Access::Kind::first_step_done) add_scheme("challenge");
  if (access.needs_token()) add_scheme("accessToken");
  if (access.kind == Access::Kind::session_or_key) add_scheme("apiKey");
  return any;
}

Value describe(const Endpoint& endpoint, const std::vector<Endpoint>& all, Referred& referred) {
  const Operation& operation = endpoint.operation;
  referred["schemas"].insert(operation.components.begin(), operation.components.end());
  Value described = object({{"operationId", string(operation.name)},
                            {"tags", json::array({string(group_of(endpoint))})},
                            {"summary", string(operation.summary)}});
  const std::string needs = needs_of(endpoint);
  const std::string gap = operation.about.empty() || needs.empty() ? "" : "\n\n";
  add_text(described, "description", std::string(operation.about) + gap + needs);
  add(described, "security", security(endpoint.access));
  add_unless_empty(described, "parameters", parameters(endpoint, referred));
  if (operation.body_schema) {
    Value body = json_content(*operation.body_schema, examples(operation, &Example::body));
    add(described, "requestBody",
        object({{"required", json::boolean(true)}, {"content", object({{"application/json", std::move(body)}})}}));
  }
  add(described, "responses", responses(endpoint, all, referred));
  return described;
}

Value paths(Referred& referred) {
  Value paths = object(), path = object();
  const auto all = endpoints();
  for (std::size_t i = 0; i < all.size(); ++i) {
    add(path, ascii_lower(http::to_string(all[i].method)), describe(all[i], all, referred));
    // The table has the operations of a path next to each other.
    if (i + 1 < all.size() && all[i + 1].path == all[i].path) continue;
    add(paths, all[i].path, std::exchange(path, object()));
  }
  return paths;
}

Value info_of_api() {
  std::string about = "Product and stock records behind a second factor. This description for people: `/docs`.";
  for (const Convention& each : conventions()) {
    about += "\n\n**" + std::string(each.name) + ".** " + std::string(each.text);
  }
  return object({{"title", string("Data Integrity API")},
                 {"version", string(INTEGRITY_VERSION)},
                 {"summary",
                  string("Nobody gets in without a second factor, and nobody changes a record without leaving proof.")},
                 {"description", string(about)},
                 {"contact", object({{"name", string("The operator of this server")}})},
                 {"license", object({{"name", string("MIT")}, {"identifier", string("MIT")}})}});
}

Value tags() {
  Value list = json::array();
  for (const Group& group : groups()) {
    list.items.push_back(object({{"name", string(group.name)}, {"description", string(group.about)}}));
  }
  return list;
}

Value components(const Referred& referred) {
  Value components = object();
  for (const auto& [kind, parts] : referred) {
    Value members = object();
    for (const auto& [name, part] : parts) add(members, name, part);
    add(components, kind, std::move(members));
  }
  add(components, "securitySchemes",
      json::literal(R"({"accessToken":{"type":"http","scheme":"bearer","bearerFormat":"JWT",)"
                    R"("description":"The `access_token` that the second step gives; ten minutes."},)"
                    R"("apiKey":{"type":"http","scheme":"bearer","bearerFormat":"dik_",)"
                    R"("description":"A program's key, which `POST /me/keys` gives; where the operator allows keys."},)"
                    R"("challenge":{"type":"http","scheme":"bearer",)"
                    R"("description":"The `challenge` that the first step gives; it is not an access token."}})"));
  return components;
}

}  // namespace

std::string openapi() {
  Referred referred;
  Value paths_of_api = paths(referred);
  return json::serialize(object({{"openapi", string("3.1.0")},
                                 {"info", info_of_api()},
                                 {"servers", json::array({object({{"url", string("/")}})})},
                                 {"tags", tags()},
                                 {"paths", std::move(paths_of_api)},
                                 {"components", components(referred)}}));
}

}  // namespace integrity::api
