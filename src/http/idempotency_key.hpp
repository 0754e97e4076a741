// Idempotency-Key: the name that a client gives a request, so that sending it again does not repeat its effect.
//
//   INTEGRITY_TRY(const std::string key, parse_idempotency_key(value));   // k1 and "k1" are the same key
//
// Clients send it bare, as Stripe introduced it, or as the quoted string of draft-ietf-httpapi-idempotency-key-header
// (RFC 8941 §3.3.3). A value that begins with a quote is read as a quoted string with escapes; any other value is the
// key itself.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace integrity::http {

inline constexpr std::size_t idempotency_key_max = 255;  // characters, without quotes and escapes

// Errors: bad_request for anything but 1 to 255 visible ASCII characters.
Result<std::string> parse_idempotency_key(std::string_view value);

}  // namespace integrity::http
