#include "api/openapi.hpp"

#include <map>

#include "api/description.hpp"
#include "base/ascii.hpp"

namespace integrity::api {
namespace {

// Members of an object, one after the other.
class Members {
 public:
  void add(std::string_view name, std::string_view json) {
    if (!text_.empty()) text_ += ',';
    text_ += json::quoted(name) + ':';
    text_ += json;
  }
  void add_text(std::string_view name, std::string_view text) {
    if (!text.empty()) add(name, json::quoted(text));
  }
  bool empty() const { return text_.empty(); }
  std::string object() const { return '{' + text_ + '}'; }

 private:
  std::string text_;
};

std::string reference(std::string_view kind, std::string_view name) {
  return R"({"$ref":"#/components/)" + std::string(kind) + '/' + std::string(name) + "\"}";
}

// What the operations refer to, collected while they are described.
struct Referred {
  schema::Components schemas, responses, headers, parameters, examples;
};

std::string header(const Header& header, Referred& referred) {
  Members members;
  members.add_text("description", header.about);
  if (header.presence == Header::Presence::always) members.add("required", "true");
  members.add("schema", header.schema);
  members.add("example", header.schema.starts_with(R"({"type":"integer")") ? std::string(header.example)
                                                                           : json::quoted(header.example));
  // Two headers of one name differ in when they are there.
  const std::string name = std::string(header.name) + (header.presence == Header::Presence::always ? "" : ".optional");
  referred.headers.emplace(name, members.object());
  return reference("headers", name);
}

std::string headers(std::vector<Header> given, Referred& referred) {
  given.push_back(header::request_id);
  Members members;
  for (const Header& each : given) members.add(each.name, header(each, referred));
  return members.object();
}

std::vector<Header> headers_of_refusal(int status, const std::vector<Code>& codes) {
  std::vector<Header> headers;
  if (status == 401) headers.push_back(header::www_authenticate);
  if (status == 405) headers.push_back(header::allow);
  if (status == 429 || status == 503) headers.push_back(header::retry_after);
  for (const Code code : codes) {
    if (code != Code::code_already_used && code != Code::idempotency_in_progress) continue;
    headers.push_back(header::retry_after_at_times);
  }
  return headers;
}

void add_problem_example(Members& examples, const CodeInfo& code, Referred& referred) {
  const auto body = answer_body(transcript_of(code));
  if (body.empty()) return;
  Members example;
  example.add_text("summary", code.title);
  example.add("value", body);
  referred.examples.emplace(code.slug, example.object());
  examples.add(code.slug, reference("examples", code.slug));
}

// The refusals of one status, as one response; named by their slugs, for many operations share it.
std::string refusal(int status, const std::vector<Code>& codes, Referred& referred) {
  std::string name, about, types;
  Members examples;
  for (const Code code : codes) {
    const CodeInfo& each = info(code);
    name += (name.empty() ? "" : ".") + std::string(each.slug);
    about += (about.empty() ? "`" : "\n\n`") + std::string(each.slug) + "`: " + std::string(each.explanation);
    types += (types.empty() ? "" : ",") + json::quoted("/problems/" + std::string(each.slug));
    add_problem_example(examples, each, referred);
  }
  Members media;
  media.add("schema", R"({"$ref":"#/components/schemas/Problem","properties":{"type":{"enum":[)" + types +
                          R"(]},"status":{"const":)" + std::to_string(status) + "}}}");
  if (!examples.empty()) media.add("examples", examples.object());
  Members response;
  response.add_text("description", about);
  response.add("headers", headers(headers_of_refusal(status, codes), referred));
  response.add("content", R"({"application/problem+json":)" + media.object() + '}');
  referred.responses.emplace(name, response.object());
  return reference("responses", name);
}

std::string examples(const Operation& operation, std::string_view Example::*side) {
  Members examples;
  for (const Example& each : operation.examples) {
    if ((each.*side).empty()) continue;
    Members example;
    example.add_text("summary", each.summary);
    example.add("value", each.*side);
    examples.add(each.name, example.object());
  }
  return examples.empty() ? std::string() : examples.object();
}

std::string json_content(const std::string& schema, const std::string& examples) {
  Members media;
  media.add("schema", schema);
  if (!examples.empty()) media.add("examples", examples);
  return media.object();
}

// Where what was made here is found: POST /products leads to /products/{pid} and to all that is below it.
std::string links(const Endpoint& maker, const std::vector<Endpoint>& all) {
  Members links;
  const auto below = std::string(maker.path) + "/{";
  for (const Endpoint& other : all) {
    if (maker.method != http::Method::post || !other.path.starts_with(below)) continue;
    const auto name = other.path.substr(below.size(), other.path.find('}') - below.size());
    links.add(other.operation.name, R"({"operationId":)" + json::quoted(other.operation.name) + R"(,"parameters":{)" +
                                        json::quoted(name) + R"(:"$response.body#/id"}})");
  }
  return links.empty() ? std::string() : links.object();
}

std::string success(const Endpoint& endpoint, const std::vector<Endpoint>& all, Referred& referred) {
  const Operation& operation = endpoint.operation;
  std::vector<Header> given = operation.gives;
  if (operation.no_store) given.push_back(header::cache_control);
  Members response;
  response.add_text("description", "Done.");
  response.add("headers", headers(std::move(given), referred));
  Members content;
  for (const auto offer : operation.offers) {
    const bool described = offer == "application/json" && !operation.answer_schema.empty();
    content.add(offer, described ? json_content(operation.answer_schema, examples(operation, &Example::answer)) : "{}");
  }
  if (!content.empty()) response.add("content", content.object());
  if (const auto below = links(endpoint, all); !below.empty()) response.add("links", below);
  return response.object();
}

std::string responses(const Endpoint& endpoint, const std::vector<Endpoint>& all, Referred& referred) {
  const Operation& operation = endpoint.operation;
  Members responses;
  responses.add(std::to_string(operation.status), success(endpoint, all, referred));
  if (operation.may_be_elsewhere) {
    responses.add("303", R"({"description":"See there.","headers":)" + headers({header::location}, referred) + '}');
  }
  if (operation.may_be_not_modified) {
    responses.add("304", R"({"description":"You have this version already.","headers":)" +
                             headers({header::etag}, referred) + '}');
  }
  std::map<int, std::vector<Code>> by_status;
  for (const Code code : refusals(endpoint)) by_status[info(code).status].push_back(code);
  for (const auto& [status, codes] : by_status) {
    responses.add(std::to_string(status), refusal(status, codes, referred));
  }
  return responses.object();
}

std::string parameter(std::string_view in, std::string_view name, std::string_view about, std::string_view schema,
                      std::string_view example) {
  Members members;
  members.add_text("name", name);
  members.add_text("in", in);
  members.add_text("description", about);
  members.add("required", in == "path" ? "true" : "false");
  members.add("schema", schema);
  members.add_text("example", example);
  return members.object();
}

std::string parameters(const Endpoint& endpoint, Referred& referred) {
  std::string list;
  const auto add = [&list](const std::string& json) { list += (list.empty() ? "" : ",") + json; };
  for (const auto& each : path_parameters(endpoint)) {
    add(parameter("path", each.name, each.about, each.schema, each.example));
  }
  for (const auto& each : endpoint.operation.query) add(parameter("query", each.name, each.about, each.schema, {}));
  for (const Header& each : endpoint.operation.honours) {
    referred.parameters.emplace(each.name, parameter("header", each.name, each.about, each.schema, each.example));
    add(reference("parameters", each.name));
  }
  return list.empty() ? list : '[' + list + ']';
}

std::string_view security(Access access) {
  switch (access) {
    case Access::anyone:
      break;
    case Access::first_step_done:
      return R"([{"challenge":[]}])";
    case Access::signed_in:
      return R"([{"accessToken":[]}])";
  }
  return "[]";
}

std::string describe(const Endpoint& endpoint, const std::vector<Endpoint>& all, Referred& referred) {
  const Operation& operation = endpoint.operation;
  referred.schemas.insert(operation.components.begin(), operation.components.end());
  Members members;
  members.add_text("operationId", operation.name);
  members.add("tags", '[' + json::quoted(group_of(endpoint)) + ']');
  members.add_text("summary", operation.summary);
  members.add_text("description", operation.about);
  members.add("security", security(operation.access));
  if (const auto list = parameters(endpoint, referred); !list.empty()) members.add("parameters", list);
  if (!operation.body_schema.empty()) {
    members.add("requestBody", R"({"required":true,"content":{"application/json":)" +
                                   json_content(operation.body_schema, examples(operation, &Example::body)) + "}}");
  }
  members.add("responses", responses(endpoint, all, referred));
  return members.object();
}

std::string paths(Referred& referred) {
  Members paths, path;
  const auto all = endpoints();
  for (std::size_t i = 0; i < all.size(); ++i) {
    path.add(ascii_lower(http::to_string(all[i].method)), describe(all[i], all, referred));
    // The endpoints of a path stand together in the table.
    if (i + 1 < all.size() && all[i + 1].path == all[i].path) continue;
    paths.add(all[i].path, std::exchange(path, {}).object());
  }
  return paths.object();
}

std::string info_of_api() {
  std::string about = "Product and stock records behind a second factor.";
  for (const Convention& each : conventions()) {
    about += "\n\n**" + std::string(each.name) + ".** " + std::string(each.text);
  }
  Members info;
  info.add_text("title", "Data Integrity API");
  info.add_text("version", INTEGRITY_VERSION);
  info.add_text("summary",
                "Nobody gets in without a second factor, and nobody changes a record without leaving proof.");
  info.add_text("description", about);
  info.add("license", R"({"name":"MIT","identifier":"MIT"})");
  return info.object();
}

std::string tags() {
  std::string list;
  for (const Group& group : groups()) {
    Members tag;
    tag.add_text("name", group.name);
    tag.add_text("description", group.about);
    list += (list.empty() ? "" : ",") + tag.object();
  }
  return '[' + list + ']';
}

std::string object_of(const schema::Components& parts) {
  Members members;
  for (const auto& [name, text] : parts) members.add(name, text);
  return members.object();
}

std::string components(Referred& referred) {
  referred.schemas.emplace("Problem", problem_schema());
  refusal(405, {Code::method_not_allowed}, referred);  // no operation's own, but every path's
  Members members;
  members.add("schemas", object_of(referred.schemas));
  members.add("responses", object_of(referred.responses));
  members.add("parameters", object_of(referred.parameters));
  members.add("examples", object_of(referred.examples));
  members.add("headers", object_of(referred.headers));
  members.add("securitySchemes",
              R"({"accessToken":{"type":"http","scheme":"bearer","bearerFormat":"JWT",)"
              R"("description":"The `access_token` that the second step gives; ten minutes."},)"
              R"("challenge":{"type":"http","scheme":"bearer",)"
              R"("description":"The `challenge` that the first step gives; it is not an access token."}})");
  return members.object();
}

}  // namespace

std::string openapi() {
  Referred referred;
  Members document;
  document.add_text("openapi", "3.1.0");
  document.add("info", info_of_api());
  document.add("externalDocs", R"({"description":"The same for people","url":"/docs"})");
  document.add("servers", R"([{"url":"/"}])");
  document.add("tags", tags());
  document.add("paths", paths(referred));
  document.add("components", components(referred));
  return document.object();
}

}  // namespace integrity::api
