#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace integrity {
namespace {

// In the order of the enum; `info` relies on it and the test checks it.
constexpr std::array kCodes{
    CodeInfo{Code::bad_request, "bad-request", 400, "Bad request",
             "The bytes received are not a valid HTTP/1.1 request, or a header has a value that cannot "
             "be read. The connection may have been closed. Check the header that the detail names."},
    CodeInfo{Code::request_timeout, "request-timeout", 408, "Request timeout",
             "The request did not arrive in time: headers are due within 10 seconds, and a body must keep "
             "coming at 500 bytes a second or more. Send it again on a new connection."},
    CodeInfo{Code::headers_too_large, "headers-too-large", 431, "Request header fields too large",
             "The request line and headers may have 16 KiB and 100 fields together. Send fewer or shorter "
             "headers."},
    CodeInfo{Code::not_implemented, "not-implemented", 501, "Not implemented",
             "The request asks for something this server does not have: a transfer coding, or a feature of "
             "a later version. Nothing was changed. Leave it out and send the request again."},
    CodeInfo{Code::malformed_json, "malformed-json", 400, "Malformed JSON",
             "The body is not strict JSON in UTF-8: one value, no duplicate member names, no byte order mark, "
             "nothing after it, no lone surrogates, at most 32 levels deep. Correct it at the place that the "
             "detail names."},
    CodeInfo{Code::invalid_value, "invalid-value", 422, "Invalid value",
             "The request could be read, but some values are not acceptable. `errors` lists every one of them, "
             "body members as JSON pointers (`#/price`), query parameters by name. Nothing was changed."},
    CodeInfo{Code::weak_password, "weak-password", 422, "Weak password",
             "The password is on a list of common passwords, or is built from the username or the product's "
             "name. Choose another: several unrelated words are strong and easy to remember."},
    CodeInfo{Code::username_taken, "username-taken", 409, "Username taken",
             "Somebody has this username already; upper and lower case count as the same. Choose another."},
    CodeInfo{Code::signup_closed, "signup-closed", 403, "Sign-up closed",
             "Accounts on this server are made by its operator, with `integrity user add NAME`. Ask them."},
    CodeInfo{Code::sku_taken, "sku-taken", 409, "SKU taken",
             "Another product has this sku. Choose another, or change that product: GET /products?sku=… finds it."},
    CodeInfo{Code::invalid_credentials, "invalid-credentials", 401, "Invalid credentials",
             "The username or the password is wrong, or the account cannot be used. The response is the same "
             "in each case, so that nobody can learn which names exist."},
    CodeInfo{Code::invalid_code, "invalid-code", 401, "Invalid code",
             "The code is not right. Use the code that the authenticator shows now; if it is refused again, check "
             "that the clock of the phone is set automatically. Five wrong codes end a challenge."},
    CodeInfo{Code::code_already_used, "code-already-used", 401, "Code already used",
             "Every code is accepted once only. Wait for the next one; Retry-After says how long."},
    CodeInfo{Code::challenge_expired, "challenge-expired", 401, "Challenge expired",
             "The challenge is missing, unknown, spent, too old, or has had five wrong codes; or the password has "
             "changed since. Begin again with POST /login."},
    CodeInfo{
        Code::enrolment_required, "enrolment-required", 403, "Enrolment required",
        "This account has no second factor, and the time to enrol one is over: 24 hours from a reset, 7 days from an "
        "import. The operator opens enrolment again with `integrity user reset-2fa NAME`."},
    CodeInfo{Code::already_enrolled, "already-enrolled", 409, "Already enrolled",
             "This account has an authenticator, and its secret is never shown again. To replace it, log in and "
             "use POST /me/totp."},
    CodeInfo{Code::factor_disabled, "factor-disabled", 403, "Factor disabled",
             "After 100 wrong codes without a right one the authenticator is no longer accepted. Log in with a "
             "recovery code and enrol a new one with POST /me/totp, or ask the operator for a reset."},
    CodeInfo{Code::invalid_token, "invalid-token", 401, "Invalid token",
             "This needs `Authorization: Bearer <access_token>` with a token that is not older than ten minutes and "
             "whose session has not ended. The detail says what can be read off the token itself: that there is none, "
             "that it is cut or from somewhere else, that it has expired, or that a clock was wrong. Log in again. A "
             "program may send a key instead, until the key expires or is revoked, or its owner is disabled. The "
             "detail does not say what is wrong with a key; GET /me/keys lists those that have not expired."},
    CodeInfo{Code::proof_required, "proof-required", 401, "Proof required",
             "This needs a second factor that was proved in the last five minutes. Send a code to POST /me/proof, then "
             "send the request again; the token stays good."},
    CodeInfo{
        Code::forbidden, "forbidden", 403, "Forbidden",
        "You are known, but may not do this: your role lacks the scope that `WWW-Authenticate` names, or a program's "
        "key was sent where only a session will do. docs/roles.md has the table. An admin can change a role; it acts "
        "on the next request."},
    CodeInfo{Code::not_found, "not-found", 404, "Not found",
             "There is nothing at this address: the path is wrong, or the record does not exist (any more)."},
    CodeInfo{Code::method_not_allowed, "method-not-allowed", 405, "Method not allowed",
             "The address exists but does not answer this method. The Allow header lists those it answers."},
    CodeInfo{Code::not_acceptable, "not-acceptable", 406, "Not acceptable",
             "None of the types that the Accept header asks for can be given here. The detail names those that can."},
    CodeInfo{Code::unsupported_media_type, "unsupported-media-type", 415, "Unsupported media type",
             "Bodies are JSON: send `Content-Type: application/json`, without a content coding."},
    CodeInfo{Code::payload_too_large, "payload-too-large", 413, "Payload too large",
             "The body is larger than this address takes: 64 KiB on account endpoints, 1 MiB elsewhere."},
    CodeInfo{Code::misdirected_request, "misdirected-request", 421, "Misdirected request",
             "The request names a host (in its Host header or its target) that this server does not answer for. On "
             "loopback it answers only for loopback names, so that a web page cannot reach it through a name that "
             "leads to 127.0.0.1. Its operator adds other names with `--hosts`."},
    CodeInfo{Code::precondition_failed, "precondition-failed", 412, "Precondition failed",
             "The record has changed since the version that the request names. Read it again, look at what changed, "
             "and repeat the change on the new version. Nothing was changed."},
    CodeInfo{Code::precondition_required, "precondition-required", 428, "Precondition required",
             "This server wants to know which version a change was made on: send `If-Match` with the ETag, or the "
             "`version` member that GET gave."},
    CodeInfo{Code::idempotency_key_reused, "idempotency-key-reused", 422, "Idempotency key reused",
             "This Idempotency-Key was sent before with another body. Use a new key for a new request."},
    CodeInfo{Code::idempotency_in_progress, "idempotency-in-progress", 409, "Request in progress",
             "A request with this Idempotency-Key is still running. Wait a moment and send it again."},
    CodeInfo{Code::insufficient_stock, "insufficient-stock", 409, "Insufficient stock",
             "The stock would fall below zero. Nothing was changed; read the product to see what is there."},
    CodeInfo{Code::last_admin, "last-admin", 409, "Last admin",
             "This account is the last active admin. Give another active account the role admin first."},
    CodeInfo{
        Code::limit_reached, "limit-reached", 409, "Limit reached",
        "There are as many of these as there may be: 50 unexpired keys of an account, 1 000 open invitations. Delete "
        "some, or wait until they expire."},
    CodeInfo{
        Code::too_many_attempts, "too-many-attempts", 429, "Too many attempts",
        "There were too many attempts in a short time. Retry-After says when the next one will be checked; "
        "until then even a right code or password is refused. Requests with an Idempotency-Key are limited too: the "
        "responses to 10 000 of them are stored for a day. So are searches, large bodies and connections open at the "
        "same time: a client with more than a fair share of them has to wait for their responses first."},
    CodeInfo{Code::overloaded, "overloaded", 503, "Overloaded",
             "More work is waiting than can be done in time, so this request was not begun. Send it again after "
             "the time in Retry-After."},
    CodeInfo{Code::unavailable, "unavailable", 503, "Unavailable",
             "The store cannot be reached or cannot write just now. Nothing that was acknowledged is lost. Send the "
             "request again after the time in Retry-After."},
    CodeInfo{Code::internal, "internal", 500, "Internal error",
             "The server failed; its log names the cause under the request id. Give the operator that id."},
};

}  // namespace

const CodeInfo& info(Code code) {
  return kCodes[static_cast<std::size_t>(code)];
}

std::span<const CodeInfo> all_codes() {
  return kCodes;
}

Error not_found() {
  return {Code::not_found, "there is no such record; check the id"};
}

Error unavailable(std::string cause) {
  return {.code = Code::unavailable,
          .detail = "the store cannot do this just now; try again shortly",
          .retry_after = std::chrono::seconds(1),
          .cause = std::move(cause)};
}

Error overloaded() {
  return {.code = Code::overloaded,
          .detail = "too much work is waiting; try again shortly",
          .retry_after = std::chrono::seconds(1)};
}

Error over_own_share() {
  return {.code = Code::too_many_attempts,
          .detail = "you have more requests open at once than your share; wait for their responses, then send the next",
          .retry_after = std::chrono::seconds(1)};
}

Error invalid_token() {
  return {Code::invalid_token, "the token is not accepted, or its session has ended; log in again with POST /login"};
}

Error key_not_accepted() {
  return {Code::invalid_token,
          "the key is not accepted: it is mistyped, was revoked, has expired, does not work from this address, or its "
          "owner's account is not active; make another one with POST /me/keys"};
}

Error invalid_value(std::string pointer, std::string detail) {
  return {.code = Code::invalid_value,
          .detail = "a value is not acceptable: see errors",
          .fields = {{FieldError::In::body, std::move(pointer), std::move(detail)}}};
}

Error too_many_attempts(std::chrono::milliseconds wait, std::string detail) {
  return {.code = Code::too_many_attempts, .detail = std::move(detail), .retry_after = round_up(wait)};
}

std::chrono::seconds round_up(std::chrono::milliseconds wait) {
  return std::max(std::chrono::ceil<std::chrono::seconds>(wait), std::chrono::seconds(1));
}

}  // namespace integrity
