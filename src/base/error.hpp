// Every error that this server reports, defined once: code -> slug -> status -> title -> what to do next.
//
//   return Error{Code::sku_taken, "sku \"L-1\" belongs to another product"};
//
// Clients are written against the slugs (`type` is "/problems/<slug>"): new ones are added, existing ones are never
// renamed. `detail` and `fields` are public; `cause` is for the log and never leaves the process.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace integrity {

enum class Code : std::uint8_t {
  bad_request,
  request_timeout,
  headers_too_large,
  not_implemented,
  malformed_json,
  invalid_value,
  weak_password,
  username_taken,
  signup_closed,
  sku_taken,
  invalid_credentials,
  invalid_code,
  code_already_used,
  challenge_expired,
  enrolment_required,
  already_enrolled,
  factor_disabled,
  invalid_token,
  proof_required,
  forbidden,
  not_found,
  method_not_allowed,
  not_acceptable,
  unsupported_media_type,
  payload_too_large,
  misdirected_request,
  precondition_failed,
  precondition_required,
  idempotency_key_reused,
  idempotency_in_progress,
  insufficient_stock,
  last_admin,
  limit_reached,
  too_many_attempts,
  overloaded,
  unavailable,
  internal,
};

struct CodeInfo {
  Code code;
  std::string_view slug;
  int status;
  std::string_view title;
  std::string_view explanation;  // a paragraph for /problems/<slug>: what happened, what to do next
};

const CodeInfo& info(Code code);
std::span<const CodeInfo> all_codes();

// One thing wrong with a request: a body member by JSON pointer ("#/price"), or a query parameter.
struct FieldError {
  enum class In : std::uint8_t { body, query } in = In::body;
  std::string where;
  std::string detail;
};

struct Error {
  Code code;
  std::string detail = {};
  std::vector<FieldError> fields = {};
  std::optional<std::chrono::seconds> retry_after = {};
  std::string cause = {};
};

// Errors that several modules report. An error of one module only is made there.
Error not_found();
Error unavailable(std::string cause);
Error overloaded();
Error over_own_share();  // too_many_attempts: the client holds more than a fair share of a full resource
Error invalid_token();
Error key_not_accepted();  // invalid_token too; never says what is wrong with the key
Error invalid_value(std::string pointer, std::string detail);
Error too_many_attempts(std::chrono::milliseconds wait, std::string detail);

// Whole seconds for Retry-After, rounded up and at least 1, so that a client that obeys is never too early.
std::chrono::seconds round_up(std::chrono::milliseconds wait);

}  // namespace integrity
