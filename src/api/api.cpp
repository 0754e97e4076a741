#include "api/api.hpp"

#include <algorithm>
#include <stdexcept>

#include "api/cors.hpp"
#include "base/ascii.hpp"
#include "base/log.hpp"
#include "http/accept.hpp"
#include "http/media_type.hpp"

namespace integrity::api {
namespace {

// RFC 9110 §11.4: any number of blanks between scheme and token.
std::string_view bearer(const http::Request& request) {
  static constexpr std::string_view kScheme = "Bearer";
  const auto header = request.header("authorization");
  if (!header || !equal_ignoring_case(header->substr(0, kScheme.size()), kScheme)) return {};
  const auto rest = header->substr(kScheme.size());
  return rest.starts_with(' ') || rest.starts_with('\t') ? trim(rest) : std::string_view();
}

Error takes_no_body() {
  return {Code::unsupported_media_type, "this takes no body; an empty one or {} is ignored"};
}

// Many clients send a body and a Content-Type with every request that is not a GET.
constexpr std::size_t kEmptyBodyMax = 64;
bool is_empty(std::string_view body) {
  constexpr std::string_view kBlank = " \t\r\n";
  std::string_view left = "{}";
  for (const char c : body) {
    if (kBlank.find(c) != std::string_view::npos) continue;
    if (left.empty() || c != left.front()) return false;
    left.remove_prefix(1);
  }
  return left.size() != 1;
}

Result<Caller> authenticate(Services& services, Call& call) {
  const Context& context = call.context;
  switch (call.access.kind) {
    case Access::Kind::anyone:
      return Caller(auth::Anyone{});
    case Access::Kind::first_step_done: {
      const auto tx = services.store.read();
      auto caller = services.accounts.sign_in.first_step_done(*tx, bearer(context.request),
                                                              std::string(call.operation.user_named(context)));
      if (!caller)
        return services.accounts.sign_in.refuse_without_challenge(context.client(), std::move(caller).error());
      return Caller(std::move(*caller));
    }
    case Access::Kind::session:
    case Access::Kind::session_or_key: {
      auto caller =
          services.authenticator.authenticate(bearer(context.request), [&] { return context.client().address; });
      if (caller) return Caller(std::move(*caller));
      call.token_fault = caller.error();
      return auth::refusal(call.token_fault);
    }
  }
  return Error{Code::internal};
}

Error forbidden(Call& call, std::string detail, std::string challenge) {
  call.challenge = std::move(challenge);
  return {Code::forbidden, std::move(detail)};
}

// Whether the caller may do this: their kind, their scopes, what the operator allows, a fresh proof (RFC 6750 §3.1, RFC
// 9470 §3).
Status authorise(Services& services, Call& call) {
  const Access& access = call.access;
  const auto* caller = std::get_if<auth::Principal>(&call.caller);
  if (caller == nullptr) return {};
  if (access.kind == Access::Kind::session && caller->key() != nullptr) {
    return forbidden(call, "this needs a session's access token; a program's key is never accepted here",
                     insufficient_scope({}));
  }
  if (access.scope && !caller->scopes().has(*access.scope)) {
    const std::string scope(name_of(*access.scope));
    return forbidden(
        call,
        "this needs the scope " + scope + ", which " +
            (caller->key() != nullptr ? "this key does not have"
                                      : "the role " + std::string(name_of(caller->role())) + " does not have"),
        insufficient_scope(*access.scope));
  }
  if (access.for_keys && !services.accounts.api_keys.on()) {
    return forbidden(call, "keys for programs are off; the operator allows them with --api-keys", {});
  }
  if (access.fresh && !caller->signed_in()->freshly_proven(services.clock.now())) {
    call.challenge = R"(Bearer error="insufficient_user_authentication", max_age=300)";
    return Error{Code::proof_required,
                 "this needs a second factor that was proved in the last five minutes: send a code to POST /me/proof, "
                 "then send this again"};
  }
  return {};
}

Status media_types(const Operation& operation, Context& context) {
  const http::Request& request = context.request;
  // A short body is checked when it has been read: see `run`.
  if (!operation.body_schema && request.content_length.value_or(0) > kEmptyBodyMax) return takes_no_body();
  if (operation.body_schema && request.has_body && !http::has_json_body(request)) {
    return Error{Code::unsupported_media_type, "send the body as Content-Type: application/json, in UTF-8"};
  }
  if (operation.offers.empty()) return {};
  const auto offer = http::negotiate(request.list("accept"), operation.offers);
  if (!offer) {
    std::string detail = "available types:";
    for (const auto type : operation.offers) detail += ' ' + std::string(type);
    return Error{Code::not_acceptable, std::move(detail)};
  }
  context.offer = *offer;
  return {};
}

// Whether the request waits for a remote store before its result is known.
bool needs_store_pool(http::Exchange& exchange) {
  const Call& call = call_of(exchange);
  return call.operation.asks_store && call.context.services.store_pool != nullptr;
}

void run_on_store_pool(const std::shared_ptr<http::Exchange>& exchange, std::function<void()> function) {
  const Call& call = call_of(*exchange);
  FairPool& pool = *call.context.services.store_pool;
  const FairPool::Source source = turns_of(call.context.client());
  FairPool::Job job{[exchange, function = std::move(function)] { guarded(*exchange, function); },
                    [exchange, source, &pool] { respond(*exchange, detail::pool_is_full(pool, source, *exchange)); }};
  if (!pool.submit(source, std::move(job))) respond(*exchange, detail::pool_is_full(pool, source, *exchange));
}

Error misdirected(const http::Request& request) {
  return {Code::misdirected_request, "this server does not answer for the host \"" + std::string(request.authority) +
                                         "\"; its operator can add it with --hosts"};
}

}  // namespace

Api::Api(Services& services) : services_(services), endpoints_(endpoints()) {
  for (const Endpoint& endpoint : endpoints_) {
    if (endpoint.access.kind == Access::Kind::first_step_done && endpoint.operation.user_named == nullptr) {
      throw std::logic_error(std::string(endpoint.operation.name) + ": an operation of FirstStepDone needs of_user()");
    }
    router_.add(endpoint.method, endpoint.path);
  }
}

// Pages of other origins may call only if the operator named their origin (--cors-origins).
bool Api::allowed_origin(const http::Request& request) const {
  const auto origin = request.header("origin");
  const auto& allowed = services_.cors_origins;
  return origin && std::find(allowed.begin(), allowed.end(), *origin) != allowed.end();
}

Result<Call> Api::find(const http::Request& request, http::Headers& refusal_headers) const {
  auto found = router_.find(request.method, request.path);
  if (std::holds_alternative<http::Router::NoRoute>(found)) {
    const std::string meant = router_.meant_by(request.path);
    return Error{Code::not_found, "there is nothing at this path" + (meant.empty() ? "" : "; you may mean " + meant)};
  }
  if (auto* others = std::get_if<http::Router::OtherMethods>(&found)) {
    refusal_headers.emplace_back("Allow", others->allow);
    return Error{Code::method_not_allowed, "this path answers " + others->allow};
  }
  auto& match = std::get<http::Router::Match>(found);
  const Endpoint& endpoint = endpoints_[match.route];
  return Call{endpoint.operation, endpoint.access, {services_, request, std::move(match.parameters)}};
}

Status Api::check_caller(http::Exchange& exchange) const {
  Call& call = call_of(exchange);
  INTEGRITY_TRY(call.caller, authenticate(services_, call));
  return authorise(services_, call);
}

Status Api::check_again(http::Exchange& exchange) const {
  Call& call = call_of(exchange);
  const auto& before = std::get<auth::Principal>(call.caller);
  auto now = services_.authenticator.still(before);
  if (!now) return before.key() != nullptr ? key_not_accepted() : invalid_token();
  call.caller = std::move(*now);
  return authorise(services_, call);
}

// The checks of the request head, in the order that clients rely on: 404 and 405 (find), 401, 403, 415, 406.
Status Api::check_head(http::Exchange& exchange) const {
  Call& call = call_of(exchange);
  const Operation& operation = call.operation;
  INTEGRITY_CHECK(check_caller(exchange));
  if (operation.takes_idempotency_key) INTEGRITY_CHECK(idempotency_key(exchange.request()));
  if (operation.head_check != nullptr) INTEGRITY_CHECK(operation.head_check(call.context));
  INTEGRITY_CHECK(media_types(operation, call.context));
  call.admitted = true;
  return {};
}

// Reads the body if the request head is acceptable.
void Api::decide(http::Exchange& exchange) const {
  const Status admitted = check_head(exchange);
  if (!admitted) return respond(exchange, admitted.error());
  exchange.go_on(call_of(exchange).operation.body_bytes_max);
}

void Api::admit(std::shared_ptr<http::Exchange> exchange) {
  guarded(*exchange, [&] {
    const http::Request& request = exchange->request();
    http::Headers refusal_headers;
    const bool proxied = comes_from_untrusted_proxy(request, services_.trusted_proxies);
    if (proxied) services_.accounts.context.proxy_seen = true;
    if (!services_.hosts.answer_for(request.authority)) {
      exchange->headers.emplace_back("Cache-Control", "no-store");  // the path may be an account's
      return respond(*exchange, misdirected(request));
    }
    if (proxied) warn_of_proxy(request);
    if (!services_.cors_origins.empty()) exchange->headers.emplace_back("Vary", "Origin");
    if (allowed_origin(request)) {
      add_cors_headers(exchange->headers, *request.header("origin"));
      if (is_preflight(request)) return exchange->reply(preflight_reply());
    }
    if (request.method == http::Method::options) {
      const auto found = router_.find(request.method, request.path);
      if (const auto* options = std::get_if<http::Router::Options>(&found)) {
        http::Reply reply;
        reply.status = 204;
        reply.with("Allow", options->allow).with("Cache-Control", "no-store");  // the path may be an account's
        return exchange->reply(std::move(reply));
      }
    }
    auto call = find(request, refusal_headers);
    if (!call) {
      http::Reply reply = problem(call.error(), request.request_id);
      reply.with("Cache-Control", "no-store");  // the path may be an account's
      for (auto& header : refusal_headers) reply.headers.push_back(std::move(header));
      return respond(*exchange, std::move(reply), &call.error());
    }
    const Operation& operation = call->operation;
    if (operation.no_store) exchange->headers.emplace_back("Cache-Control", "no-store");
    exchange->context = std::make_shared<Call>(std::move(*call));
    if (!needs_store_pool(*exchange)) return decide(*exchange);
    if (!request.has_body) return exchange->go_on(0);  // `serve` decides, so that the pool is used once
    run_on_store_pool(exchange, [this, exchange] { decide(*exchange); });
  });
}

void Api::serve(std::shared_ptr<http::Exchange> exchange) {
  guarded(*exchange, [&] {
    if (!needs_store_pool(*exchange)) return run(exchange);
    run_on_store_pool(exchange, [this, exchange] { run(exchange); });
  });
}

void Api::run(const std::shared_ptr<http::Exchange>& exchange) const {
  const Call& call = call_of(*exchange);
  if (!call.operation.body_schema && !is_empty(exchange->request().body)) {
    return respond(*exchange, takes_no_body());
  }
  if (!call.admitted) {
    const Status admitted = check_head(*exchange);
    if (!admitted) return respond(*exchange, admitted.error());
  } else if (std::holds_alternative<auth::Principal>(call.caller) && exchange->request().has_body) {
    // The session can have ended while the body was read, and the role can have changed.
    const Status allowed = check_again(*exchange);
    if (!allowed) return respond(*exchange, allowed.error());
  }
  call.operation.run(exchange);
}

http::Sender Api::sender(http::Exchange& exchange) {
  const Call& call = call_of(exchange);
  return {call.context.client().source, std::holds_alternative<auth::Principal>(call.caller)};
}

// At most once an hour. All clients of that proxy share the rate limits of one address.
void Api::warn_of_proxy(const http::Request& request) const {
  constexpr Millis kEvery = std::chrono::hours(1);
  const auto now = services_.clock.now().time_since_epoch().count();
  auto last = warned_of_proxy_.load();
  if (now >= last && now - last < kEvery.count()) return;
  if (!warned_of_proxy_.compare_exchange_strong(last, now)) return;
  const std::string peer = request.peer.text();
  log::event("proxy.untrusted", {{"address", peer}, {"cure", "if this is your proxy: --trusted-proxies " + peer}});
}

http::Reply Api::refuse(const Error& error, std::string_view request_id) {
  return problem(error, request_id);
}

}  // namespace integrity::api
