#include "api/operation.hpp"

#include <algorithm>

#include "api/user_agent.hpp"
#include "base/log.hpp"
#include "http/body_cut.hpp"

namespace integrity::api {
namespace {

// Logs every outcome of an account operation, and every problem that can be an attack or a fault (ASVS 16.3).
// Problems and successful reads are counted, because a client can repeat them without limit.
// The log gets names of fields, ids and addresses, never values that were sent.
void log_outcome(http::Exchange& exchange, int status, const Error* error) {
  const auto* call = static_cast<const Call*>(exchange.context.get());
  const bool account = call != nullptr && call->operation.account;
  const bool expected = status < 400 || status == 404 || status == 409 || status == 412;
  if (!account && expected) return;
  const auto* caller = call != nullptr ? std::get_if<auth::Principal>(&call->caller) : nullptr;
  const http::Address& peer = exchange.request().peer;
  const auth::Client client = call != nullptr ? call->context.client() : client_at(peer);
  const std::string operation(call != nullptr ? call->operation.name : "");
  const auto* enrolling = call != nullptr ? std::get_if<auth::FirstStepDone>(&call->caller) : nullptr;
  const std::string user = caller != nullptr      ? caller->user().hex()
                           : enrolling != nullptr ? enrolling->user().id.hex()
                                                  : "";
  const std::string session = caller != nullptr && caller->session() != nullptr ? caller->session()->id.hex() : "";
  const std::string key = caller != nullptr && caller->key() != nullptr ? caller->key()->id.hex() : "";
  const std::string status_text = std::to_string(status);
  const std::string outcome(error != nullptr ? info(error->code).slug : "ok");
  const auto fields = {log::Field{"request_id", exchange.request().request_id},
                       {"operation", operation},
                       {"method", to_string(exchange.request().method)},
                       {"address", client.address},
                       {"user", user},
                       {"session", session},
                       {"key", key},
                       {"status", status_text},
                       {"outcome", outcome},
                       {"cause", error != nullptr ? std::string_view(error->cause) : ""}};
  const http::Method method = exchange.request().method;
  const bool read = method == http::Method::get || method == http::Method::head;
  // An internal fault is never counted with others: operators look for it by its request id.
  if (error == nullptr ? !read : error->code == Code::internal) return log::event("request", fields);
  log::refusal("request", operation + ' ' + outcome + ' ' + client.network + ' ' + user, fields);
}

void count_guess(const http::Exchange& exchange, const Error* error) {
  const auto* call = static_cast<const Call*>(exchange.context.get());
  if (call == nullptr || call->operation.proves == Operation::Proves::nothing) return;
  GuessCounts& counts = call->context.services.guesses;
  (call->operation.proves == Operation::Proves::password ? counts.logins : counts.codes).add(outcome_of(error));
}

// Checks before each part that the caller may still read it. After a logout, after the account was disabled or lost the
// scope, or after the key was revoked, the part that is being written is the last one.
http::BodySource while_allowed(const Call& call, const auth::Principal& caller, http::BodySource source) {
  return [&services = call.context.services, caller, needed = call.access.scope,
          request_id = call.context.request.request_id, source = std::move(source)](std::string& out) {
    const auto now = services.authenticator.still(caller);
    if (now && (!needed || now->scopes().has(*needed))) return source(out);
    log::refusal(
        "list.cut", caller.user().hex(),
        {{"request_id", request_id}, {"user", caller.user().hex()}, {"cause", "the caller may no longer read it"}});
    throw http::BodyCut();
  };
}

}  // namespace

model::Device Context::device() const {
  return {client().address, shown_user_agent(request.header("user-agent"))};
}

std::string source_of(const Call& call) {
  const auto* caller = std::get_if<auth::Principal>(&call.caller);
  if (caller == nullptr) return call.context.client().source;
  const auto& id = caller->user().bytes;  // short enough for no allocation; no address begins with "u"
  return std::string("u").append(id.begin(), id.end());
}

FairPool::Source turns_of(const auth::Client& client) {
  return {client.source, client.site};
}

FairPool::Source turns_of(const Call& call) {
  if (!std::holds_alternative<auth::Principal>(call.caller)) return turns_of(call.context.client());
  return {source_of(call), source_of(call)};
}

Call& call_of(http::Exchange& exchange) {
  return *static_cast<Call*>(exchange.context.get());
}

store::Origin origin_of(const std::shared_ptr<http::Exchange>& exchange) {
  const Call& call = call_of(*exchange);
  store::Origin origin{.source = source_of(call), .begun = exchange->request().begun, .waiter = exchange};
  if (const auto* caller = std::get_if<auth::Principal>(&call.caller)) {
    if (caller->session() != nullptr) origin.session = caller->session()->id;
    if (caller->key() != nullptr) origin.key = caller->key()->hash;
    origin.scope = call.access.scope;
  }
  return origin;
}

void respond(http::Exchange& exchange, http::Reply reply, const Error* error) {
  log_outcome(exchange, reply.status, error);
  count_guess(exchange, error);
  if (reply.stream) {
    const Call& call = call_of(exchange);
    if (const auto* caller = std::get_if<auth::Principal>(&call.caller)) {
      reply.stream = while_allowed(call, *caller, std::move(reply.stream));
    }
    const Services& services = call.context.services;
    // If the pool refuses a part, the connection ends, since the status line has already been sent.
    reply.stream_on = [&pool = services.store_pool != nullptr ? *services.store_pool : services.search_pool,
                       source = turns_of(call)](std::function<void()> job) {
      (void)pool.submit(source, {std::move(job), [] {}});
    };
  }
  exchange.reply(std::move(reply));
}

std::string insufficient_scope(std::optional<model::Scope> scope) {
  const std::string missing = scope ? ", scope=\"" + std::string(name_of(*scope)) + '"' : "";
  return R"(Bearer error="insufficient_scope")" + missing;
}

void respond(http::Exchange& exchange, const Error& error) {
  const auto* call = static_cast<const Call*>(exchange.context.get());  // null where no operation was found
  std::string challenge = call != nullptr ? call->challenge : "";
  if (error.code == Code::invalid_token) {  // RFC 6750 §3.1: without a token, no error attribute
    const auto why = auth::description(call->token_fault);
    challenge = "Bearer";
    if (!why.empty()) challenge += R"( error="invalid_token", error_description=")" + std::string(why) + '"';
  }
  // Demoted while the write was queued.
  if (error.code == Code::forbidden && challenge.empty() && call->access.scope && !call->access.for_keys) {
    challenge = insufficient_scope(*call->access.scope);
  }
  respond(exchange, problem(error, exchange.request().request_id, challenge), &error);
}

namespace detail {

Error written_without_response(const std::exception& why) {
  return {.code = Code::internal,
          .detail = "the change was made, but its response could not be: read the record before you send this again",
          .cause = why.what()};
}

Error pool_is_full(FairPool& pool, const FairPool::Source& source, http::Exchange& exchange) {
  if (&pool == &call_of(exchange).context.services.hash_pool) return overloaded();
  return pool.crowded_by(source) ? over_own_share() : overloaded();
}

void Errors::add(Error next) {
  const auto only_fields = [](const Error& each) {
    return each.code == Code::invalid_value || each.code == Code::weak_password;
  };
  if (error && only_fields(*error) && only_fields(next)) {
    error->fields.insert(error->fields.end(), next.fields.begin(), next.fields.end());
  } else if (!error || only_fields(*error)) {  // 400 comes before 422
    error = std::move(next);
  }
}

json::Value read_query(std::string_view query, const std::vector<QueryParameter>& declared, Errors& errors) {
  json::Value object;
  object.kind = json::Value::Kind::object;
  const auto parameters = http::parse_query(query);
  if (!parameters) {
    errors.add(parameters.error());
    return object;
  }
  const auto refuse = [&errors](const std::string& name, std::string why) {
    errors.add({Code::invalid_value,
                "a value is not acceptable: see errors",
                {{FieldError::In::query, name, std::move(why)}}});
  };
  for (const auto& parameter : *parameters) {
    const auto known = std::find_if(declared.begin(), declared.end(),
                                    [&](const QueryParameter& each) { return each.name == parameter.name; });
    if (known == declared.end()) {
      refuse(parameter.name, "is not known here");
    } else if (object.find(parameter.name) != nullptr) {
      refuse(parameter.name, "is given more than once");
    } else {
      json::Value value;
      const bool number = known->schema.find("type")->text == "integer";
      value.kind = number ? json::Value::Kind::number : json::Value::Kind::string;
      value.text = parameter.value;
      object.names.push_back(parameter.name);
      object.items.push_back(std::move(value));
    }
  }
  return object;
}

void refuse(std::shared_ptr<http::Exchange> exchange, Errors errors) {
  if (!errors.check) return respond(*exchange, *errors.error);
  const Context& context = call_of(*exchange).context;
  run_on<NoContent>(context.services.hash_pool, turns_of(context.client()), exchange,
                    [errors = std::move(errors)]() -> Result<NoContent> {
                      Error error = *errors.error;
                      // At the front, since a long list of errors is cut at its end.
                      if (const auto checked = errors.check(); !checked && !error.fields.empty()) {
                        const auto& more = checked.error().fields;
                        error.fields.insert(error.fields.begin(), more.begin(), more.end());
                      }
                      return error;
                    });
}

Result<json::Value> read_body(const http::Request& request) {
  return json::parse(request.body);
}

}  // namespace detail
}  // namespace integrity::api
