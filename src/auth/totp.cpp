#include "auth/totp.hpp"

#include <array>

#include "base/percent.hpp"
#include "crypto/digest.hpp"

namespace integrity::auth {
namespace {

constexpr std::int64_t kStepsAhead = 1, kStepsBehind = 1, kStepsPast = 20;

}  // namespace

std::int64_t totp_step(Time time) {
  using Steps = std::chrono::duration<std::int64_t, std::ratio<totp_period_s>>;
  return std::chrono::floor<Steps>(time.time_since_epoch()).count();
}

std::string hotp(ByteView secret, std::int64_t counter, int digits) {
  std::array<std::uint8_t, 8> message;
  for (unsigned i = 0; i < 8; ++i) {
    message[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(counter) >> (56 - 8 * i));
  }
  const crypto::Sha1 hash = crypto::hmac_sha1(secret, message);
  // Dynamic truncation: the last four bits say where the 31 bits begin.
  const std::size_t at = hash.back() & 0xf;
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i) number = number << 8 | hash[i];
  number &= 0x7fffffff;

  std::string code(static_cast<std::size_t>(digits), '0');
  for (auto to = code.rbegin(); to != code.rend(); ++to, number /= 10) {
    *to = static_cast<char>('0' + number % 10);
  }
  return code;
}

TotpMatch match_totp(ByteView secret, std::string_view code, Time now) {
  const std::int64_t present = totp_step(now);
  TotpMatch match;
  for (auto step = present - kStepsPast; step <= present + kStepsAhead; ++step) {
    if (!equal_in_constant_time(as_bytes(hotp(secret, step)), as_bytes(code))) continue;
    match.kind = step < present - kStepsBehind ? TotpMatch::Kind::past : TotpMatch::Kind::current;
    match.step = step;
  }
  return match;
}

std::string otpauth_uri(std::string_view issuer, std::string_view account, const Secret& secret) {
  // All but unreserved characters are escaped, so that no name can end the label or add a parameter.
  const std::string name = percent_encode(issuer);
  std::string uri = "otpauth://totp/" + name + ':' + percent_encode(account);
  uri += "?secret=" + to_base32(secret.reveal()) + "&issuer=" + name;
  uri += "&algorithm=SHA1&digits=" + std::to_string(totp_digits);
  uri += "&period=" + std::to_string(totp_period_s);
  return uri;
}

}  // namespace integrity::auth
