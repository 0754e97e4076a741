#include "api/api.hpp"

#include <algorithm>

#include "api/cors.hpp"
#include "http/accept.hpp"
#include "http/ascii.hpp"

namespace integrity::api {
namespace {

std::string_view bearer(const http::Request& request) {
  static constexpr std::string_view kScheme = "Bearer ";
  const auto header = request.header("authorization");
  if (!header || header->size() <= kScheme.size()) return {};
  if (!http::equal_ignoring_case(header->substr(0, kScheme.size()), kScheme)) return {};
  return header->substr(kScheme.size());
}

// application/json, with at most a charset that says UTF-8, and not compressed.
bool is_json(const http::Request& request) {
  const auto coding = request.header("content-encoding");
  if (coding && !http::equal_ignoring_case(*coding, "identity")) return false;
  const auto type = request.header("content-type");
  if (!type || request.count("content-type") != 1) return false;
  const auto semicolon = type->find(';');
  if (!http::equal_ignoring_case(http::trim(type->substr(0, semicolon)), "application/json")) return false;
  if (semicolon == std::string_view::npos) return true;
  const auto parameter = http::trim(type->substr(semicolon + 1));
  return http::equal_ignoring_case(parameter, "charset=utf-8") ||
         http::equal_ignoring_case(parameter, "charset=\"utf-8\"");
}

Result<Caller> authenticate(Services& services, const Operation& operation, const Context& context) {
  switch (operation.access) {
    case Access::anyone:
      return Caller(auth::Anyone{});
    case Access::first_step_done: {
      const auto tx = services.store.read();
      INTEGRITY_TRY(auto caller,
                    services.accounts.first_step_done(*tx, bearer(context.request), context.parameters.front()));
      return Caller(std::move(caller));
    }
    case Access::signed_in: {
      const auto token = bearer(context.request);
      auto caller = token.empty() ? std::nullopt : services.authenticator.authenticate(token);
      if (!caller) return invalid_token();
      return Caller(*caller);
    }
  }
  return Error{Code::internal};
}

Status media_types(const Operation& operation, Context& context) {
  const http::Request& request = context.request;
  if (operation.body_schema.empty() && request.has_body) {
    return Error{Code::unsupported_media_type, "this takes no body"};
  }
  if (!operation.body_schema.empty() && request.has_body && !is_json(request)) {
    return Error{Code::unsupported_media_type, "send the body as Content-Type: application/json"};
  }
  if (operation.offers.empty()) return {};
  const auto offer = http::negotiate(request.list("accept"), operation.offers);
  if (!offer) {
    std::string detail = "this can be had as";
    for (const auto type : operation.offers) detail += ' ' + std::string(type);
    return Error{Code::not_acceptable, std::move(detail)};
  }
  context.offer = *offer;
  return {};
}

}  // namespace

Api::Api(Services& services) : services_(services), endpoints_(endpoints()) {
  for (const Endpoint& endpoint : endpoints_) router_.add(endpoint.method, endpoint.path);
}

// Browsers may call from elsewhere only where the operator named that origin (--cors-origins).
bool Api::allowed_origin(const http::Request& request) const {
  const auto origin = request.header("origin");
  const auto& allowed = services_.cors_origins;
  return origin && std::find(allowed.begin(), allowed.end(), *origin) != allowed.end();
}

// What the head decides, in the order that clients rely on: 404, 405, 401, 403, 415, 406; then the body may come.
Result<Call> Api::check_head(http::Exchange& exchange, http::Headers& refusal_headers) {
  const http::Request& request = exchange.request();
  auto found = router_.find(request.method, request.path);
  if (std::holds_alternative<http::Router::NoRoute>(found)) {
    return Error{Code::not_found, "there is nothing at this path"};
  }
  if (auto* others = std::get_if<http::Router::OtherMethods>(&found)) {
    refusal_headers.emplace_back("Allow", others->allow);
    return Error{Code::method_not_allowed, "this path answers " + others->allow};
  }
  auto& match = std::get<http::Router::Match>(found);
  const Operation& operation = endpoints_[match.route].operation;
  if (operation.no_store) exchange.headers.emplace_back("Cache-Control", "no-store");
  Context context{services_, request, std::move(match.parameters)};
  INTEGRITY_TRY(auto caller, authenticate(services_, operation, context));
  if (operation.takes_idempotency_key) INTEGRITY_CHECK(idempotency_key(request));
  if (operation.head_check != nullptr) INTEGRITY_CHECK(operation.head_check(context));
  INTEGRITY_CHECK(media_types(operation, context));
  return Call{operation, std::move(context), std::move(caller)};
}

void Api::admit(std::shared_ptr<http::Exchange> exchange) {
  guarded(*exchange, [&] {
    const http::Request& request = exchange->request();
    http::Headers refusal_headers;
    if (!services_.cors_origins.empty()) exchange->headers.emplace_back("Vary", "Origin");
    if (allowed_origin(request)) {
      add_cors_headers(exchange->headers, *request.header("origin"));
      if (is_preflight(request)) return exchange->reply(preflight_reply());
    }
    auto call = check_head(*exchange, refusal_headers);
    if (!call) {
      http::Reply reply = problem(call.error(), request.request_id);
      for (auto& header : refusal_headers) reply.headers.push_back(std::move(header));
      return respond(*exchange, std::move(reply), &call.error());
    }
    const auto body_bytes_max = call->operation.body_bytes_max;
    exchange->context = std::make_shared<Call>(std::move(*call));
    exchange->go_on(body_bytes_max);
  });
}

void Api::serve(std::shared_ptr<http::Exchange> exchange) {
  guarded(*exchange, [&] {
    // A body may have taken its time: the session must still be alive when the request begins to act.
    const Call& call = call_of(*exchange);
    const auto* caller = std::get_if<auth::SignedIn>(&call.caller);
    if (caller != nullptr && exchange->request().has_body && !services_.store.session(caller->session().id)) {
      return respond(*exchange, invalid_token());
    }
    call.operation.run(exchange);
  });
}

http::Reply Api::refuse(const Error& error, std::string_view request_id) {
  return problem(error, request_id);
}

}  // namespace integrity::api
