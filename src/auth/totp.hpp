// Time-based one-time passwords: RFC 6238 over RFC 4226, SHA-1, 6 digits, 30 seconds. Pure functions; the time is an
// argument.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "base/time.hpp"

namespace integrity::auth {

inline constexpr std::size_t totp_secret_bytes = 20;  // RFC 4226 §4 R6 recommends 160 bits
inline constexpr int totp_period_s = 30;
inline constexpr int totp_digits = 6;

std::int64_t totp_step(Time time);  // RFC 6238 §4.2, T0 = 0; 64 bits: app. B goes to the year 2603
// RFC 4226 §5.3 with `digits` 6 to 8. The step is the counter.
std::string hotp(ByteView secret, std::int64_t counter, int digits = totp_digits);
inline std::string totp(ByteView secret, Time time) {
  return hotp(secret, totp_step(time));
}

// What a code matched. Every step is compared, always and in constant time.
struct TotpMatch {
  enum class Kind : std::uint8_t {
    none,
    current,  // one of the steps −1, 0, +1
    past,     // a step 2 to 20 ago (10 minutes): the clock of the phone is slow
  } kind = Kind::none;
  std::int64_t step = 0;  // the step matched, unless none; the latest one where the codes of two steps are equal
};
TotpMatch match_totp(ByteView secret, std::string_view code, Time now);

// The Key URI that authenticators read from a QR code, percent-encoded (RFC 3986), issuer in both places.
// otpauth://totp/Issuer:user?secret=BASE32&issuer=Issuer&algorithm=SHA1&digits=6&period=30
std::string otpauth_uri(std::string_view issuer, std::string_view account, const Secret& secret);

}  // namespace integrity::auth
