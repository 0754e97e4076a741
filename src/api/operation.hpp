// An operation is declared once. The type of its handler says who may call it, what it reads, how it runs and what it
// answers. Routing, checks, the OpenAPI description and the tests all use this declaration.
//
//   Result<Write<Created<Product>>> create(const Context&, const auth::Principal&, NewProduct);
//   auto op = operation("createProduct", "Add a product", {Code::sku_taken}, &create);
//
// A handler's parameters, after the Context, in any order:
//   const Anyone& | const FirstStepDone& |                   who may call: exactly one of them. SignedIn is a session,
//   const SignedIn& | const Principal&                       Principal a session or a key
//   T (a Described struct)                                   the JSON body
//   Query<T>                                                 the query parameters
//   store::ReadTx&                                           a read transaction
// Its result: an Answer that is ready, a Write to commit, or work for the hashing or search pool (Hashed, Searched).
#pragma once
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "api/call.hpp"
#include "api/declaration.hpp"
#include "api/problem.hpp"
#include "base/json_document.hpp"
#include "http/query.hpp"
#include "schema/object.hpp"

namespace integrity::api {

using http::Headers;

// A body in other media types than JSON, or in several. They are declared with the operation.
struct Raw {
  std::string_view content_type;
  std::string body;
};

// A T that is already JSON.
template <class T>
struct Rendered {
  std::string json;
};

// A JSON array: whole, or as a stream of parts.
template <class T>
struct JsonList {
  std::string body = {};
  http::BodySource stream = {};
};

struct Nothing {};

template <int status_, class T>
struct Answer {
  static constexpr int status = status_;
  using Body = T;
  T body;
  Headers headers = {};
  bool not_modified = false;  // 304: `headers` without the body
  bool elsewhere = false;     // 303: `headers`, with Location, without the body
};
template <class T>
using Ok = Answer<200, T>;
template <class T>
using Created = Answer<201, T>;
using NoContent = Answer<204, Nothing>;

// A write to commit. `finish` completes the answer after the commit, where it needs random numbers (a signature).
template <class A>
struct Write {
  store::WriteFunction<A> function;
  std::function<void(A&)> finish = {};
};

// A write whose answer has no body.
template <class T>
Write<NoContent> no_content(store::WriteFunction<T> function) {
  return {[function = std::move(function)](store::WriteTx& tx) -> Result<NoContent> {
    INTEGRITY_CHECK(function(tx));
    return NoContent{};
  }};
}

// Work for the hashing pool. Its writes are made for the origin that it gets.
template <class A>
struct Hashed {
  std::function<Result<A>(const store::Origin&)> function;
};

// Work for the search pool, in the lane of the caller: searches, and whatever else takes too long for the connection's
// thread and is not a password. `quick`: takes at most as long as reading a page of a hundred records, so it runs at once
// on the connection's thread.
template <class A>
struct Searched {
  std::function<Result<A>()> function;
  bool quick = false;
};

template <class T>
struct Query {
  T value;
  const T* operator->() const { return &value; }
};

// Answers `exchange`, and logs the outcome where that is required. `error` is the reason, where the reply is a problem.
void respond(http::Exchange& exchange, http::Reply reply, const Error* error = nullptr);
void respond(http::Exchange& exchange, const Error& error);
// WWW-Authenticate of a caller who may not do this (RFC 6750 §3.1). Without a scope: a session is wanted, and a key came.
std::string insufficient_scope(std::optional<model::Scope> scope);
Call& call_of(http::Exchange& exchange);
// The origin of a write for this request. For a signed-in caller it names the session: if that has ended, nothing is
// written.
store::Origin origin_of(const std::shared_ptr<http::Exchange>& exchange);

// Names the lane of a request in a pool and in the queue of writes: the signed-in user, from any address, or else the
// client's address.
std::string source_of(const Call& call);
// The same for a pool: a user is a network of its own.
FairPool::Source turns_of(const Call& call);
FairPool::Source turns_of(const auth::Client& client);

namespace detail {

struct Errors {
  std::optional<Error> error;
  std::function<Status()> check = {};  // see Operation::body_check
  // Keeps the first error, except that all field errors are collected.
  void add(Error next);
};

// The parameters as an object. Those that are unknown, repeated or undecodable are reported and left out.
json::Value read_query(std::string_view query, const std::vector<QueryParameter>& declared, Errors& errors);
Result<json::Value> read_body(const http::Request& request);

// How each kind of handler parameter is declared and made. The primary template is the body.
template <class T>
struct Argument {
  static_assert(schema::Described<T>, "a handler's parameter must be a caller, a body, a query or a transaction");
  static void declare(Operation& operation) {
    operation.body_schema = schema::describe_request<T>(operation.components);
  }
  Result<T> value;
  Argument(Call& call, Errors& errors) : value(Error{Code::internal}) {
    const auto json = read_body(call.context.request);
    if (!json) {
      errors.add(json.error());
      return;
    }
    if (call.operation.body_gate != nullptr) {
      if (auto passed = call.operation.body_gate(call, *json); !passed) {
        errors.add(passed.error());
        return;
      }
    }
    value = schema::read<T>(*json);
    if (!value) errors.add(value.error());
    // The body has errors: those found on the pool are reported with them. The check can fail itself (a rate limit).
    if (value || call.operation.body_check == nullptr) return;
    Result<std::function<Status()>> checked = call.operation.body_check(call, *json);
    if (checked) {
      errors.check = std::move(*checked);
    } else {
      errors.add(checked.error());
    }
  }
  T&& get() { return std::move(*value); }
};

template <class C>
struct CallerArgument {
  static void declare(Operation&) {}
  const C& caller;
  CallerArgument(Call& call, Errors&) : caller(std::get<C>(call.caller)) {}
  const C& get() { return caller; }
};
template <>
struct Argument<const auth::Anyone&> : CallerArgument<auth::Anyone> {
  using CallerArgument::CallerArgument;
};
template <>
struct Argument<const auth::FirstStepDone&> : CallerArgument<auth::FirstStepDone> {
  using CallerArgument::CallerArgument;
};
template <>
struct Argument<const auth::Principal&> : CallerArgument<auth::Principal> {
  using CallerArgument::CallerArgument;
};
// The access of its route has refused every key.
template <>
struct Argument<const auth::SignedIn&> {
  static void declare(Operation&) {}
  const auth::SignedIn caller;
  Argument(Call& call, Errors&) : caller(std::get<auth::Principal>(call.caller).signed_in().value()) {}
  const auth::SignedIn& get() { return caller; }
};

template <>
struct Argument<store::ReadTx&> {
  static void declare(Operation&) {}
  std::unique_ptr<store::ReadTx> tx;
  Argument(Call& call, Errors&) : tx(call.context.services.store.read()) {}
  store::ReadTx& get() { return *tx; }
};

template <class T>
struct Argument<Query<T>> {
  static void declare(Operation& operation) {
    std::apply(
        [&](const auto&... field) {
          (operation.query.push_back(
               {field.name, schema::describe_rule(field.rule, operation.components), field.about}),
           ...);
        },
        fields(static_cast<const T*>(nullptr)));
  }
  Result<T> value;
  Argument(Call& call, Errors& errors) : value(Error{Code::internal}) {
    Errors unknown;  // reported last, since a long list of errors is cut at its end
    const auto query = read_query(call.context.request.query, call.operation.query, unknown);
    value = schema::read<T>(query, FieldError::In::query, "");
    if (!value) errors.add(value.error());
    if (call.operation.query_check != nullptr) {
      std::vector<FieldError> found;
      call.operation.query_check(call.context, query, found);
      if (!found.empty()) errors.add({Code::invalid_value, "a value is not acceptable: see errors", std::move(found)});
    }
    if (unknown.error) errors.add(std::move(*unknown.error));
  }
  Query<T> get() { return {std::move(*value)}; }
};

template <class T>
inline constexpr bool is_caller =
    std::is_same_v<T, const auth::Anyone&> || std::is_same_v<T, const auth::FirstStepDone&> ||
    std::is_same_v<T, const auth::SignedIn&> || std::is_same_v<T, const auth::Principal&>;

// The caller among a handler's parameters.
template <class... Args>
struct CallerOf;
template <class First, class... Rest>
struct CallerOf<First, Rest...>
    : std::conditional_t<is_caller<First>, std::type_identity<std::remove_cvref_t<First>>, CallerOf<Rest...>> {};
template <>
struct CallerOf<> : std::type_identity<void> {};

template <class T>
inline constexpr bool is_query = false;
template <class T>
inline constexpr bool is_query<Query<T>> = true;

template <class Body>
struct Rendering {  // a Described struct
  static void declare(Operation& operation) {
    operation.answer_schema = schema::describe_answer<Body>(operation.components);
    operation.offers = {"application/json"};
  }
  static void render(http::Reply& reply, Body& body) { schema::write(reply.body, body); }
};
template <class T>
struct Rendering<Rendered<T>> {
  static void declare(Operation& operation) { Rendering<T>::declare(operation); }
  static void render(http::Reply& reply, Rendered<T>& body) { reply.body = std::move(body.json); }
};
template <class T>
struct Rendering<JsonList<T>> {
  static void declare(Operation& operation) {
    operation.answer_schema = schema::describe_list(schema::describe_answer<T>(operation.components));
    operation.offers = {"application/json"};
  }
  static void render(http::Reply& reply, JsonList<T>& list) {
    reply.body = std::move(list.body);
    reply.stream = std::move(list.stream);
  }
};
template <>
struct Rendering<Raw> {
  static void declare(Operation&) {}
  static void render(http::Reply& reply, Raw& raw) {
    reply.content_type = raw.content_type;
    reply.body = std::move(raw.body);
  }
};
template <>
struct Rendering<Nothing> {
  static void declare(Operation&) {}
  static void render(http::Reply&, Nothing&) {}
};

template <class A>
http::Reply reply_with(A answer) {
  http::Reply reply;
  const bool bare = answer.not_modified || answer.elsewhere;
  reply.status = answer.not_modified ? 304 : answer.elsewhere ? 303 : A::status;
  reply.headers = std::move(answer.headers);
  if (!bare) Rendering<typename A::Body>::render(reply, answer.body);
  return reply;
}

template <class A>
void respond_with(http::Exchange& exchange, Result<A> result) {
  if (!result) return respond(exchange, result.error());
  respond(exchange, reply_with<A>(std::move(*result)));
}

Error written_without_response(const std::exception& why);  // where the response of a committed change cannot be made

// What is done with each kind of result.
template <class R>
struct Outcome;
template <int status_, class T>
struct Outcome<Answer<status_, T>> {
  using A = Answer<status_, T>;
  static void deliver(std::shared_ptr<http::Exchange> exchange, A answer) {
    respond_with<A>(*exchange, std::move(answer));
  }
};
template <class A_>
struct Outcome<Write<A_>> {
  using A = A_;
  static void deliver(std::shared_ptr<http::Exchange> exchange, Write<A> write) {
    const Call& call = call_of(*exchange);
    if (call.operation.takes_idempotency_key) {
      if (const auto key = *idempotency_key(call.context.request)) {
        if (write.finish) throw std::logic_error("an answer that is finished after the commit cannot be stored in it");
        return write_once(std::move(exchange), *key,
                          [function = std::move(write.function)](store::WriteTx& tx) -> Result<http::Reply> {
                            INTEGRITY_TRY(auto answer, function(tx));
                            return reply_with<A>(std::move(answer));
                          });
      }
    }
    auto& store = call.context.services.store;
    auto origin = origin_of(exchange);
    auto completion = [exchange = std::move(exchange), finish = std::move(write.finish)](Result<A> result) {
      guarded(*exchange, [&] {
        if (!result) return respond(*exchange, result.error());
        try {
          if (finish) finish(*result);
          respond(*exchange, reply_with<A>(std::move(*result)));
        } catch (const std::exception& why) {
          respond(*exchange, written_without_response(why));
        }
      });
    };
    store.submit(store::make_job<A>(std::move(origin), std::move(write.function), std::move(completion)));
  }
};
// The error of a pool without room for this request: 429 where the source itself has too much waiting there, else 503.
// The hashing pool always gives 503, since 429 would look like the rate limit of logins.
Error pool_is_full(FairPool& pool, const FairPool::Source& source, http::Exchange& exchange);

template <class A>
void run_on(FairPool& pool, const FairPool::Source& source, const std::shared_ptr<http::Exchange>& exchange,
            std::function<Result<A>()> function) {
  FairPool::Job job{[exchange, function = std::move(function)] {
                      guarded(*exchange, [&] { respond_with<A>(*exchange, function()); });
                    },
                    [exchange, source, &pool] { respond(*exchange, pool_is_full(pool, source, *exchange)); }};
  if (!pool.submit(source, std::move(job))) respond(*exchange, pool_is_full(pool, source, *exchange));
}
void refuse(std::shared_ptr<http::Exchange> exchange, Errors errors);
template <class A_>
struct Outcome<Hashed<A_>> {
  using A = A_;
  static void deliver(std::shared_ptr<http::Exchange> exchange, Hashed<A> hashed) {
    const Context& context = call_of(*exchange).context;
    run_on<A>(context.services.hash_pool, turns_of(context.client()), exchange,
              [function = std::move(hashed.function), origin = origin_of(exchange)] { return function(origin); });
  }
};
template <class A_>
struct Outcome<Searched<A_>> {
  using A = A_;
  static void deliver(std::shared_ptr<http::Exchange> exchange, Searched<A> searched) {
    if (searched.quick) return respond_with<A>(*exchange, searched.function());
    const Call& call = call_of(*exchange);
    run_on<A>(call.context.services.search_pool, turns_of(call), exchange, std::move(searched.function));
  }
};

}  // namespace detail

template <class R, class... Args>
auto operation(std::string_view name, std::string_view summary, std::vector<Code> may_fail,
               Result<R> (*handler)(const Context&, Args...)) {
  static_assert((std::size_t{detail::is_caller<Args>} + ... + 0) == 1,
                "a handler must have exactly one of const Anyone&, const FirstStepDone&, const SignedIn&, "
                "const Principal&");
  using A = typename detail::Outcome<R>::A;
  OperationFor<typename detail::CallerOf<Args...>::type> operation{
      {.name = name, .summary = summary, .may_fail = std::move(may_fail), .status = A::status}};
  operation.asks_store =
      (!std::is_same_v<Args, const auth::Anyone&> && ...) || (std::is_same_v<Args, store::ReadTx&> || ...);
  detail::Rendering<typename A::Body>::declare(operation);
  (detail::Argument<Args>::declare(operation), ...);
  operation.run = [handler](std::shared_ptr<http::Exchange> exchange) {
    Call& call = call_of(*exchange);
    detail::Errors errors;
    // Braces, so that the arguments are made from left to right.
    std::tuple<detail::Argument<Args>...> arguments{detail::Argument<Args>(call, errors)...};
    if constexpr (!(detail::is_query<Args> || ...)) {
      detail::read_query(call.context.request.query, {}, errors);
    }
    if (errors.error) return detail::refuse(std::move(exchange), std::move(errors));
    auto result = std::apply([&](auto&... argument) { return handler(call.context, argument.get()...); }, arguments);
    if (!result) return respond(*exchange, result.error());
    detail::Outcome<R>::deliver(std::move(exchange), std::move(*result));
  };
  return operation;
}

}  // namespace integrity::api
