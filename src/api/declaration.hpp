// What is declared of an operation: see operation.hpp, which makes one from a handler.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/call.hpp"
#include "api/header.hpp"
#include "base/json_document.hpp"
#include "schema/object.hpp"

namespace integrity::api {

struct QueryParameter {
  std::string_view name;
  json::Value schema;
  std::string_view about;
};

// A request and its response, as JSON; empty where there is no body. The tests send each to a real server. Ids, times,
// codes and tokens differ there; the tests know them by the names of their members.
struct Example {
  std::string_view name;
  std::string_view summary;
  std::string_view body;
  std::string_view answer;
};

struct Operation {
  std::string_view name;  // operationId
  std::string_view summary;
  std::string_view about = {};      // what the summary does not say
  std::vector<Code> may_fail = {};  // besides those of every operation of its kind
  int status = 200;
  std::optional<json::Value> body_schema = {};    // none: the request has no body
  std::optional<json::Value> answer_schema = {};  // none: no JSON body
  std::vector<std::string_view> offers = {};      // media types of the answer; empty: none
  std::vector<QueryParameter> query = {};
  std::vector<Header> honours = {};  // headers of the request
  std::vector<Header> gives = {};    // headers of the answer, besides those of every answer
  std::vector<Example> examples = {};
  schema::Components components = {};  // what the schemas refer to
  bool may_be_not_modified = false;
  bool may_be_elsewhere = false;
  bool takes_idempotency_key = false;
  bool asks_store = false;  // reads the store to authenticate the caller, or for a ReadTx
  std::size_t body_bytes_max = 1024 * 1024;
  bool account = false;  // of an account: small bodies, no-store, every outcome in the log
  bool no_store = false;
  enum class Proves : std::uint8_t { nothing, password, code } proves = Proves::nothing;  // which guesses are counted
  Status (*head_check)(const Context&) = nullptr;  // further checks of the request head, before the body is read
  // For a body that has errors: a check that takes too long for an I/O thread. It runs on the hashing pool, and its
  // errors are reported with the others. An empty function: there is nothing to check.
  Result<std::function<Status()>> (*body_check)(const Call&, const json::Value& body) = nullptr;
  // For a body that is JSON: a check that comes before its schema. Its error hides all others.
  Status (*body_gate)(const Call&, const json::Value& body) = nullptr;
  // Checks of the query that need the server's keys or state, besides its schema.
  void (*query_check)(const Context&, const json::Value& query, std::vector<FieldError>& errors) = nullptr;
  // The username whose challenge the caller must have, for FirstStepDone.
  std::string_view (*user_named)(const Context&) = nullptr;
  std::function<void(std::shared_ptr<http::Exchange>)> run = {};
};

// An operation whose handler has this kind of caller. The route in endpoints.cpp must name the same kind.
template <class Caller>
struct OperationFor : Operation {
  // What the handler's type does not say.
  OperationFor& of_account() {
    account = true;
    body_bytes_max = 64 * 1024;
    return never_stored();
  }
  OperationFor& never_stored() {
    no_store = true;
    return *this;
  }
  OperationFor& proving(Operation::Proves what) {
    proves = what;
    return *this;
  }
  OperationFor& described(std::string_view text) {
    about = text;
    return *this;
  }
  OperationFor& honouring(std::vector<Header> headers) {
    honours = std::move(headers);
    return *this;
  }
  OperationFor& giving(std::vector<Header> headers) {
    gives = std::move(headers);
    return *this;
  }
  OperationFor& example(Example tried) {
    examples.push_back(tried);
    return *this;
  }
  OperationFor& offering(std::vector<std::string_view> types) {
    offers = std::move(types);
    return *this;
  }
  // Describes the JSON of a Raw answer that has other media types as well.
  template <class T>
  OperationFor& answering_with() {
    answer_schema = schema::describe_answer<T>(components);
    return *this;
  }
  OperationFor& checking_body(Result<std::function<Status()>> (*check)(const Call&, const json::Value& body)) {
    body_check = check;
    return *this;
  }
  // The gate may read the store.
  OperationFor& gating_body(Status (*gate)(const Call&, const json::Value& body)) {
    this->body_gate = gate;
    this->asks_store = true;
    return *this;
  }
  OperationFor& checking_query(void (*check)(const Context&, const json::Value&, std::vector<FieldError>&)) {
    query_check = check;
    return *this;
  }
  // Required of every operation for FirstStepDone.
  OperationFor& of_user(
      std::string_view (*named)(const Context&)) requires std::is_same_v<Caller, auth::FirstStepDone> {
    user_named = named;
    return *this;
  }
  OperationFor& checking_head(Status (*check)(const Context&)) {
    head_check = check;
    return *this;
  }
  // Takes an Idempotency-Key. For a handler with Principal that returns a Write without `finish`.
  OperationFor& idempotent() requires std::is_same_v<Caller, auth::Principal> {
    takes_idempotency_key = true;
    honours.push_back(header::idempotency_key);
    gives.push_back(header::idempotency_replayed);
    may_fail.insert(may_fail.end(),
                    {Code::idempotency_key_reused, Code::idempotency_in_progress, Code::too_many_attempts});
    return *this;
  }
  OperationFor& conditional() {
    may_be_not_modified = true;
    return *this;
  }
  OperationFor& leading_elsewhere() {
    may_be_elsewhere = true;
    return *this;
  }
};

}  // namespace integrity::api
