#include "auth/token.hpp"

#include <algorithm>

#include "base/decimal.hpp"
#include "base/json_document.hpp"
#include "crypto/digest.hpp"

namespace integrity::auth {
namespace {

constexpr std::size_t kTokenBytesMax = 4096;

std::string base64url(std::string_view text) {
  return to_base64url(as_bytes(text));
}

struct Parts {
  std::string_view header, payload, signature, signing_input;
};

std::optional<Parts> split(std::string_view token) {
  if (token.size() > kTokenBytesMax) return {};
  const auto first = token.find('.');
  const auto last = token.rfind('.');
  if (first == std::string_view::npos || first == last) return {};
  if (token.find('.', first + 1) != last) return {};
  return Parts{token.substr(0, first), token.substr(first + 1, last - first - 1), token.substr(last + 1),
               token.substr(0, last)};
}

// Typed access to the claims. A claim that is missing or of another type makes the whole token unreadable.
class ClaimReader {
 public:
  explicit ClaimReader(const json::Value& object) : object_(object) {}

  std::string text(std::string_view name) {
    const json::Value* value = object_.find(name);
    if (value == nullptr || value->kind != json::Value::Kind::string) return fail<std::string>();
    return value->text;
  }
  std::int64_t seconds(std::string_view name) {
    const json::Value* value = object_.find(name);
    if (value == nullptr || value->kind != json::Value::Kind::number) return fail<std::int64_t>();
    const auto number = Decimal::parse_json(value->text);
    const auto whole = number ? number->scaled(0) : std::nullopt;
    return whole ? *whole : fail<std::int64_t>();
  }
  template <class AnyId>
  AnyId id(std::string_view name) {
    const auto id = AnyId::parse(text(name));
    return id ? *id : fail<AnyId>();
  }
  std::vector<std::string> texts(std::string_view name) {
    const json::Value* value = object_.find(name);
    if (value == nullptr || value->kind != json::Value::Kind::array) return fail<std::vector<std::string>>();
    std::vector<std::string> texts;
    for (const json::Value& item : value->items) {
      if (item.kind != json::Value::Kind::string) return fail<std::vector<std::string>>();
      texts.push_back(item.text);
    }
    return texts;
  }
  bool ok() const { return ok_; }

 private:
  template <class T>
  T fail() {
    ok_ = false;
    return T{};
  }
  const json::Value& object_;
  bool ok_ = true;
};

}  // namespace

Claims claims_of(const model::Session& session, Time now, std::string token_id) {
  const auto amr = model::amr_of(session.factor);
  return {.user = session.user,
          .session = session.id,
          .token_id = std::move(token_id),
          .issued_at = to_seconds(now),
          .expires_at = to_seconds(std::min<Time>(now + token_life, session.expires_at)),
          .amr = {amr.begin(), amr.end()}};
}

TokenKey TokenKey::es256(crypto::Es256Key key) {
  const auto point = key.public_point();
  // RFC 7638 §3: these members, in this order, without white space.
  const std::string members = json::serialize(json::object({{"crv", json::string("P-256")},
                                                            {"kty", json::string("EC")},
                                                            {"x", json::string(to_base64url(point.x))},
                                                            {"y", json::string(to_base64url(point.y))}}));
  TokenKey result;
  result.ecdsa_ = std::move(key);
  result.key_id_ = to_base64url(crypto::sha256(as_bytes(members)));
  return result;
}

TokenKey TokenKey::hs256(Secret key) {
  TokenKey result;
  result.hmac_ = std::move(key);
  return result;
}

std::string_view TokenKey::algorithm() const {
  return ecdsa_ ? "ES256" : "HS256";
}

std::string TokenKey::sign(std::string_view signing_input) const {
  if (ecdsa_) return std::string(as_text(ecdsa_->sign(as_bytes(signing_input))));
  return std::string(as_text(crypto::hmac_sha256(hmac_.reveal(), as_bytes(signing_input))));
}

bool TokenKey::verify(std::string_view signing_input, ByteView signature) const {
  if (ecdsa_) return ecdsa_->verify(as_bytes(signing_input), signature);
  return equal_in_constant_time(crypto::hmac_sha256(hmac_.reveal(), as_bytes(signing_input)), signature);
}

std::string TokenKey::jwks() const {
  std::vector<json::Value> keys;
  if (ecdsa_) {
    const auto point = ecdsa_->public_point();
    keys.push_back(json::object({{"kty", json::string("EC")},
                                 {"crv", json::string("P-256")},
                                 {"x", json::string(to_base64url(point.x))},
                                 {"y", json::string(to_base64url(point.y))},
                                 {"kid", json::string(key_id_)},
                                 {"alg", json::string("ES256")},
                                 {"use", json::string("sig")}}));
  }
  return json::serialize(json::object({{"keys", json::array(std::move(keys))}}));
}

Tokens::Tokens(TokenKey key, std::string issuer, std::string audience)
    : key_(std::move(key)), issuer_(std::move(issuer)), audience_(std::move(audience)), jwks_(key_.jwks()) {
  json::Value header = json::object({{"alg", json::string(key_.algorithm())}});
  if (!key_.key_id().empty()) json::add(header, "kid", json::string(key_.key_id()));
  json::add(header, "typ", json::string("at+jwt"));
  header_ = base64url(json::serialize(header));
}

std::string Tokens::issue(const Claims& claims) const {
  std::vector<json::Value> methods;
  for (const auto& method : claims.amr) methods.push_back(json::string(method));
  const json::Value payload = json::object({{"iss", json::string(issuer_)},
                                            {"aud", json::string(audience_)},
                                            {"sub", json::string(claims.user.hex())},
                                            {"sid", json::string(claims.session.hex())},
                                            {"jti", json::string(claims.token_id)},
                                            {"iat", json::number(claims.issued_at)},
                                            {"nbf", json::number(claims.issued_at)},
                                            {"exp", json::number(claims.expires_at)},
                                            {"amr", json::array(std::move(methods))}});
  std::string token = header_ + '.' + base64url(json::serialize(payload));
  const std::string signature = key_.sign(token);
  return token + '.' + base64url(signature);
}

std::optional<Claims> Tokens::read_unverified(std::string_view token) const {
  const auto parts = split(token);
  // All our tokens have the same header. Comparing its bytes checks alg, kid and typ, and refuses jku, jwk, x5u, x5c,
  // crit, zip and anything else (RFC 8725 §3.1, §3.10, §3.11).
  if (!parts || parts->header != header_) return {};
  const auto payload = from_base64url(parts->payload);
  if (!payload) return {};
  const auto value = json::parse(as_text(*payload));
  if (!value || value->kind != json::Value::Kind::object) return {};
  ClaimReader reader(*value);
  Claims claims{.user = reader.id<UserId>("sub"),
                .session = reader.id<SessionId>("sid"),
                .token_id = reader.text("jti"),
                .issued_at = reader.seconds("iat"),
                .expires_at = reader.seconds("exp"),
                .amr = reader.texts("amr")};
  if (reader.text("iss") != issuer_ || reader.text("aud") != audience_) return {};
  if (reader.seconds("nbf") != claims.issued_at || !reader.ok()) return {};
  if (claims.expires_at <= claims.issued_at || claims.expires_at > claims.issued_at + token_life.count()) return {};
  return claims;
}

bool Tokens::signature_right(std::string_view token) const {
  const auto parts = split(token);
  if (!parts) return false;
  const auto signature = from_base64url(parts->signature);
  return signature && key_.verify(parts->signing_input, *signature);
}

}  // namespace integrity::auth
