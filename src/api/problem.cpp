#include "api/problem.hpp"

#include <algorithm>
#include <exception>

#include "api/operation.hpp"
#include "base/json_document.hpp"
#include "base/log.hpp"
#include "store/store.hpp"

namespace integrity::api {

namespace {

// More than any body or query has known members. Of ten thousand unknown ones the first are listed, the others counted.
constexpr std::size_t kErrorsListed = 32;

json::Value errors_of(const std::vector<FieldError>& fields) {
  json::Value errors = json::array();
  const auto add = [&errors](std::string_view kind, std::string_view where, std::string_view detail) {
    errors.items.push_back(json::object({{kind, json::string(where)}, {"detail", json::string(detail)}}));
  };
  const auto listed = std::min(fields.size(), kErrorsListed);
  for (std::size_t i = 0; i < listed; ++i) {
    add(fields[i].in == FieldError::In::query ? "parameter" : "pointer", fields[i].where, fields[i].detail);
  }
  if (listed < fields.size()) {
    add("pointer", "#", "has " + std::to_string(fields.size() - listed) + " more errors of this kind");
  }
  return errors;
}

}  // namespace

http::Reply problem(const Error& error, std::string_view request_id, std::string_view challenge) {
  const CodeInfo& code = info(error.code);
  http::Reply reply;
  reply.status = code.status;
  reply.problem = error.code;
  reply.content_type = "application/problem+json";
  json::Value document =
      json::object({{"type", json::string("/problems/" + std::string(code.slug))},
                    {"title", json::string(code.title)},
                    {"status", json::number(code.status)},
                    {"detail", json::string(error.detail.empty() ? code.title : std::string_view(error.detail))},
                    {"request_id", json::string(request_id)}});
  if (!error.fields.empty()) json::add(document, "errors", errors_of(error.fields));
  reply.body = json::serialize(document);
  if (challenge.empty() && code.status == 401) challenge = "Bearer";
  if (!challenge.empty()) reply.with("WWW-Authenticate", std::string(challenge));
  if (error.retry_after) reply.with("Retry-After", std::to_string(error.retry_after->count()));
  return reply;
}

json::Value problem_schema() {
  std::vector<std::string> types;
  for (const CodeInfo& code : all_codes()) types.push_back("/problems/" + std::string(code.slug));
  json::Value type = schema::describe_open_words({types.begin(), types.end()});
  json::add(type, "format", json::string("uri-reference"));
  json::add(type, "description",
            json::string("Which problem it is, for programs. It is the address of a page about the problem. Later "
                         "versions add types, and rename none."));
  const auto text = [](std::string_view about) {
    json::Value schema = json::object({{"type", json::string("string")}});
    if (!about.empty()) json::add(schema, "description", json::string(about));
    return schema;
  };
  json::Value error = json::object({{"type", json::string("object")},
                                    {"properties", json::object({{"pointer", text("A member of the body.")},
                                                                 {"parameter", text("A parameter of the query.")},
                                                                 {"detail", text("What is wrong with it.")}})},
                                    {"required", json::strings({"detail"})}});
  json::Value errors =
      json::object({{"type", json::string("array")},
                    {"description",
                     json::string("Every value that is not acceptable. Of unknown members and parameters the first are "
                                  "listed, and how many more there are.")},
                    {"items", std::move(error)}});
  json::Value status = json::object({{"type", json::string("integer")},
                                     {"format", json::string("int32")},
                                     {"description", json::string("The HTTP status.")}});
  return json::object(
      {{"type", json::string("object")},
       {"properties", json::object({{"type", std::move(type)},
                                    {"title", text({})},
                                    {"status", std::move(status)},
                                    {"detail", text("What is wrong with this request, and what to do.")},
                                    {"request_id", text("Identifies this request in the server's log.")},
                                    {"errors", std::move(errors)}})},
       {"required", json::strings({"type", "title", "status", "detail", "request_id"})}});
}

void answer_thrown(http::Exchange& exchange) noexcept try {
  try {
    throw;
  } catch (const store::Unavailable& error) {
    if (exchange.context) call_of(exchange).context.services.store.meters.errors.add();
    respond(exchange, unavailable(error.what()));
  } catch (const std::exception& error) {
    respond(exchange, Error{.code = Code::internal,
                            .detail = "the server met a fault of its own; its log knows more",
                            .cause = error.what()});
  }
} catch (const std::exception& error) {
  log::fault(error.what());
}

}  // namespace integrity::api
