#include "auth/token.hpp"

#include "testing/fuzzing.hpp"

namespace integrity::auth {
namespace {

using fuzzing::holds;

constexpr std::string_view kKey = "a key that is only for the fuzzer";

TokenKey our_key() {
  return TokenKey::hs256(Secret(kKey));
}

const Tokens& tokens() {
  static const Tokens made(our_key(), "Data Integrity API", "integrity");
  return made;
}

const std::string& our_token() {
  static const std::string issued = [] {
    Claims claims;
    claims.token_id = "one";
    claims.issued_at = 1'800'000'000;
    claims.expires_at = claims.issued_at + token_life.count();
    claims.amr = {"pwd", "otp"};
    return tokens().issue(claims);
  }();
  return issued;
}

bool lets_in(std::string_view token) {
  return tokens().read_unverified(token).has_value() && tokens().signature_right(token);
}

bool same(const Claims& a, const Claims& b) {
  return a.user == b.user && a.session == b.session && a.token_id == b.token_id && a.issued_at == b.issued_at &&
         a.expires_at == b.expires_at && a.amr == b.amr;
}

// Any bytes as a token: only the one that we issued has a right signature.
void as_token(std::string_view input) {
  const auto read = tokens().read_unverified(input);
  if (read) {
    const auto life = read->expires_at - read->issued_at;
    holds(life > 0 && life <= token_life.count(), "a readable token lives ten minutes at most");
  }
  holds(tokens().signature_right(input) == (input == our_token()), "a signature is right only if we made it");
}

// Our token, changed by the input: position, number of bytes removed, and what replaces them.
void as_change(std::string_view input) {
  std::string changed = our_token();
  const std::size_t at = fuzzing::take_byte(input) * 256U + fuzzing::take_byte(input);
  const std::size_t gone = fuzzing::take_byte(input);
  changed.replace(at % (changed.size() + 1), gone, input);
  holds(lets_in(changed) == (changed == our_token()), "a changed token lets nobody in");
}

// Any bytes as claims with a right signature: what is accepted means what we would have written.
void as_payload(std::string_view input) {
  const auto header = our_token().substr(0, our_token().find('.'));
  const auto signing_input = header + '.' + to_base64url(as_bytes(input));
  const auto token = signing_input + '.' + to_base64url(as_bytes(our_key().sign(signing_input)));
  const auto read = tokens().read_unverified(token);
  if (!read) return;
  holds(tokens().signature_right(token), "what we sign is right");
  const auto again = tokens().read_unverified(tokens().issue(*read));
  holds(again && same(*read, *again), "claims that are written and read are the same claims");
}

FUZZ_TARGET(token) {
  switch (fuzzing::take_byte(input)) {
    case 'c':
      return as_change(input);
    case 'p':
      return as_payload(input);
    default:
      return as_token(input);
  }
}

}  // namespace
}  // namespace integrity::auth
