// Access tokens: JWTs of one algorithm, `typ: at+jwt` (RFC 9068). A token lives for ten minutes, or until its session
// ends if that is sooner.
//
// ES256 with token.key, or HS256 with the operator's key; the token's header never chooses. Reading is strict: three
// base64url parts, a header with only `alg`, `kid` and `typ`, and every claim present and of its type.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "base/secret.hpp"
#include "crypto/es256.hpp"
#include "model/session.hpp"

namespace integrity::auth {

inline constexpr std::chrono::seconds token_life{600};

struct Claims {
  UserId user;
  SessionId session;
  std::string token_id;        // jti
  std::int64_t issued_at = 0;  // seconds since 1970, as all JWT times (RFC 7519 §2)
  std::int64_t expires_at = 0;
  // How the user was authenticated (RFC 8176), for other services. Nothing here is decided by it.
  std::vector<std::string> amr = {};
};

// Of a token that is issued now. Its end is a whole second, like that of the session.
Claims claims_of(const model::Session& session, Time now, std::string token_id);

// Immutable, safe from any thread.
class TokenKey {
 public:
  static TokenKey es256(crypto::Es256Key key);
  static TokenKey hs256(Secret key);

  std::string_view algorithm() const;
  std::string key_id() const { return key_id_; }           // RFC 7638 thumbprint; empty with HS256
  std::string sign(std::string_view signing_input) const;  // bytes
  bool verify(std::string_view signing_input, ByteView signature) const;
  std::string jwks() const;  // RFC 7517: other services verify tokens with it

 private:
  TokenKey() = default;
  std::optional<crypto::Es256Key> ecdsa_;  // one of the two
  Secret hmac_;
  std::string key_id_;
};

class Tokens {
 public:
  Tokens(TokenKey key, std::string issuer, std::string audience);

  std::string issue(const Claims& claims) const;
  // The claims, with the signature not checked: good enough to refuse a token, never to accept it.
  std::optional<Claims> read_unverified(std::string_view token) const;
  bool signature_right(std::string_view token) const;
  const std::string& jwks() const { return jwks_; }

 private:
  TokenKey key_;
  std::string issuer_, audience_;
  std::string header_;  // base64url, the same for every token
  std::string jwks_;
};

}  // namespace integrity::auth
