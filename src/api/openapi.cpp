#include "api/openapi.hpp"

#include <map>

#include "api/endpoints.hpp"

namespace integrity::api {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// What every operation of a kind may answer, beside what it declares itself.
std::vector<Code> refusals(const Endpoint& endpoint) {
  const Operation& operation = endpoint.operation;
  std::vector<Code> codes = operation.may_fail;
  codes.insert(codes.end(), {Code::bad_request, Code::request_timeout, Code::headers_too_large, Code::not_implemented,
                             Code::invalid_value, Code::not_acceptable, Code::unsupported_media_type,
                             Code::payload_too_large, Code::internal, Code::overloaded, Code::unavailable});
  if (!operation.body_schema.empty()) codes.push_back(Code::malformed_json);
  if (operation.access == Access::signed_in) codes.push_back(Code::invalid_token);
  return codes;
}

std::string answers(const Endpoint& endpoint) {
  const Operation& operation = endpoint.operation;
  std::string out = '"' + std::to_string(operation.status) + R"(":{"description":"Done")";
  if (!operation.offers.empty()) {
    out += R"(,"content":{)";
    for (const auto offer : operation.offers) {
      if (out.back() != '{') out += ',';
      const bool described = offer == "application/json" && !operation.answer_schema.empty();
      out += json::quoted(offer) + R"(:{"schema":)" + (described ? operation.answer_schema : "{}") + '}';
    }
    out += '}';
  }
  out += '}';
  if (operation.may_be_not_modified) out += R"(,"304":{"description":"Not modified"})";
  std::map<int, std::string> by_status;
  for (const Code code : refusals(endpoint)) {
    std::string& slugs = by_status[info(code).status];
    const std::string slug(info(code).slug);
    if (slugs.find(slug) == std::string::npos) slugs += slugs.empty() ? slug : ", " + slug;
  }
  for (const auto& [status, slugs] : by_status) {
    out += ",\"" + std::to_string(status) + R"(":{"description":)" + json::quoted(slugs) +
           R"(,"content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}})";
  }
  return out;
}

std::string parameters(const Endpoint& endpoint) {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view in, bool required, const std::string& schema) {
    if (!out.empty()) out += ',';
    out += R"({"name":)" + json::quoted(name) + R"(,"in":")" + std::string(in) + R"(","required":)" +
           (required ? "true" : "false") + R"(,"schema":)" + schema + '}';
  };
  for (std::size_t at = endpoint.path.find('{'); at != std::string_view::npos; at = endpoint.path.find('{', at + 1)) {
    const auto name = endpoint.path.substr(at + 1, endpoint.path.find('}', at) - at - 1);
    add(name, "path", true, R"({"type":"string"})");
  }
  for (const auto& parameter : endpoint.operation.query) add(parameter.name, "query", false, parameter.schema);
  return out;
}

std::string describe(const Endpoint& endpoint) {
  const Operation& operation = endpoint.operation;
  std::string out =
      R"({"operationId":)" + json::quoted(operation.name) + R"(,"summary":)" + json::quoted(operation.summary);
  if (operation.access == Access::signed_in) out += R"(,"security":[{"accessToken":[]}])";
  if (operation.access == Access::first_step_done) out += R"(,"security":[{"challenge":[]}])";
  if (const auto list = parameters(endpoint); !list.empty()) out += R"(,"parameters":[)" + list + ']';
  if (!operation.body_schema.empty()) {
    out +=
        R"(,"requestBody":{"required":true,"content":{"application/json":{"schema":)" + operation.body_schema + "}}}";
  }
  return out + R"(,"responses":{)" + answers(endpoint) + "}}";
}

}  // namespace

std::string openapi() {
  std::string paths;
  const auto all = endpoints();
  for (std::size_t i = 0; i < all.size(); ++i) {
    // The endpoints of a path stand together in the table.
    const bool same_path = i > 0 && all[i - 1].path == all[i].path;
    if (same_path) {
      paths.pop_back();
      paths += ',';
    } else {
      if (!paths.empty()) paths += ',';
      paths += json::quoted(all[i].path) + ":{";
    }
    paths += json::quoted(lower(http::to_string(all[i].method))) + ':' + describe(all[i]) + '}';
  }
  return R"({"openapi":"3.1.0","info":{"title":"Data Integrity API","version":")" INTEGRITY_VERSION R"("},"paths":{)" +
         paths + R"(},"components":{"schemas":{"Problem":)" + problem_schema() +
         R"(},"securitySchemes":{"accessToken":{"type":"http","scheme":"bearer","bearerFormat":"JWT"},)"
         R"("challenge":{"type":"http","scheme":"bearer"}}}})";
}

}  // namespace integrity::api
