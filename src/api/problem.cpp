#include "api/problem.hpp"

#include <algorithm>
#include <exception>

#include "api/operation.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "store/store.hpp"

namespace integrity::api {

namespace {

// More than any body or query has known members. Of ten thousand unknown ones the first are listed, the others counted.
constexpr std::size_t kErrorsListed = 32;

void append_errors(std::string& body, const std::vector<FieldError>& fields) {
  body += R"(,"errors":[)";
  const auto listed = std::min(fields.size(), kErrorsListed);
  for (std::size_t i = 0; i < listed; ++i) {
    const FieldError& field = fields[i];
    body += i == 0 ? "{" : ",{";
    body += field.in == FieldError::In::query ? R"("parameter":)" : R"("pointer":)";
    json::append_string(body, field.where);
    body += R"(,"detail":)";
    json::append_string(body, field.detail);
    body += '}';
  }
  if (listed < fields.size()) {
    body +=
        R"(,{"pointer":"#","detail":"has )" + std::to_string(fields.size() - listed) + R"( more errors of this kind"})";
  }
  body += ']';
}

}  // namespace

http::Reply problem(const Error& error, std::string_view request_id, std::string_view challenge) {
  const CodeInfo& code = info(error.code);
  http::Reply reply;
  reply.status = code.status;
  reply.content_type = "application/problem+json";
  std::string& body = reply.body;
  body = R"({"type":"/problems/)";
  body += code.slug;
  body += R"(","title":)";
  json::append_string(body, code.title);
  body += R"(,"status":)" + std::to_string(code.status) + R"(,"detail":)";
  json::append_string(body, error.detail.empty() ? code.title : std::string_view(error.detail));
  body += R"(,"request_id":)";
  json::append_string(body, request_id);
  if (!error.fields.empty()) append_errors(body, error.fields);
  body += '}';
  if (code.status == 401) reply.with("WWW-Authenticate", std::string(challenge));
  if (error.retry_after) reply.with("Retry-After", std::to_string(error.retry_after->count()));
  return reply;
}

std::string problem_schema() {
  std::string slugs;
  for (const CodeInfo& code : all_codes()) {
    if (!slugs.empty()) slugs += ',';
    slugs += json::quoted("/problems/" + std::string(code.slug));
  }
  return R"({"type":"object","properties":{"type":{"type":"string","enum":[)" + slugs +
         R"(],"description":"Which problem it is; programs decide by this. Leads to a page about it."},)"
         R"("title":{"type":"string"},"status":{"type":"integer","description":"The HTTP status."},)"
         R"("detail":{"type":"string","description":"What is wrong with this request, and what to do."},)"
         R"("request_id":{"type":"string","description":"Names this request in the server's log."},)"
         R"("errors":{"type":"array","description":"Every value that is not acceptable: `pointer` for a member of the )"
         R"(body, `parameter` for one of the query. Of unknown ones the first are listed, and how many more there are.","items":{"type":"object","properties":)"
         R"({"pointer":{"type":"string"},"parameter":{"type":"string"},"detail":{"type":"string"}},)"
         R"("required":["detail"],"additionalProperties":false}}},)"
         R"("required":["type","title","status","detail","request_id"],"additionalProperties":false})";
}

void answer_thrown(http::Exchange& exchange) noexcept try {
  try {
    throw;
  } catch (const store::Unavailable& error) {
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
