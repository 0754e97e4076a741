#include "auth/token.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "crypto/digest.hpp"
#include "testing/random.hpp"

namespace integrity::auth {
namespace {

struct Fixture : ::testing::Test {
  test::SeededRandom random;
  Tokens tokens{TokenKey::es256(crypto::Es256Key::generate()), "Data Integrity API", "integrity"};
  Claims claims{.user = UserId::make(from_millis(0), random),
                .session = SessionId::make(from_millis(0), random),
                .token_id = "one",
                .issued_at = 1'800'000'000,
                .expires_at = 1'800'000'600,
                .amr = {"pwd", "recovery"}};
  std::string token = tokens.issue(claims);

  static std::string part(std::string_view token, int index) {
    for (; index > 0; --index) token.remove_prefix(token.find('.') + 1);
    return std::string(as_text(*from_base64url(token.substr(0, token.find('.')))));
  }
  // The same token with another header and payload, signed by the right key if `key` is given.
  static std::string forge(const std::string& header, const std::string& payload, const TokenKey* key) {
    const std::string input = to_base64url(as_bytes(header)) + '.' + to_base64url(as_bytes(payload));
    return input + '.' + (key != nullptr ? to_base64url(as_bytes(key->sign(input))) : "");
  }
};
using Token = Fixture;

TEST_F(Token, SaysWhatWasClaimed) {
  const auto read = tokens.read_unverified(token);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->user, claims.user);
  EXPECT_EQ(read->session, claims.session);
  EXPECT_EQ(read->expires_at, claims.expires_at);
  EXPECT_EQ(read->amr, claims.amr);
  EXPECT_TRUE(tokens.signature_right(token));
  const auto payload = json::parse(part(token, 1));
  ASSERT_TRUE(payload);
  for (const char* name : {"iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp", "amr"}) {
    EXPECT_NE(payload->find(name), nullptr) << name;
  }
  EXPECT_NE(part(token, 0).find(R"("typ":"at+jwt")"), std::string::npos);
}

// What other services have seen so far, byte for byte.
TEST_F(Token, IsWrittenWithoutWhiteSpaceInThisOrder) {
  const Tokens ours(TokenKey::hs256(Secret(std::string_view("0123456789abcdef0123456789abcdef"))), "Shop \"A\"", "a");
  const std::string issued = ours.issue(claims);
  EXPECT_EQ(part(issued, 0), R"({"alg":"HS256","typ":"at+jwt"})");
  EXPECT_EQ(part(issued, 1), R"({"iss":"Shop \"A\"","aud":"a","sub":")" + claims.user.hex() + R"(","sid":")" +
                                 claims.session.hex() +
                                 R"(","jti":"one","iat":1800000000,"nbf":1800000000,"exp":1800000600,)"
                                 R"("amr":["pwd","recovery"]})");
  const auto keys = json::parse(tokens.jwks());
  const json::Value& key = keys->find("keys")->items.at(0);
  const auto text = [&](const char* name) { return key.find(name)->text; };
  EXPECT_EQ(part(token, 0), R"({"alg":"ES256","kid":")" + text("kid") + R"(","typ":"at+jwt"})");
  EXPECT_EQ(tokens.jwks(), R"({"keys":[{"kty":"EC","crv":"P-256","x":")" + text("x") + R"(","y":")" + text("y") +
                               R"(","kid":")" + text("kid") + R"(","alg":"ES256","use":"sig"}]})");
  const std::string members = R"({"crv":"P-256","kty":"EC","x":")" + text("x") + R"(","y":")" + text("y") + R"("})";
  EXPECT_EQ(text("kid"), to_base64url(crypto::sha256(as_bytes(members)))) << "RFC 7638";
}

TEST_F(Token, RefusesEveryAlteredCharacter) {
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string altered = token;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(tokens.read_unverified(altered) && tokens.signature_right(altered)) << i;
  }
}

TEST_F(Token, RefusesHeadersOfOthers) {
  const std::string payload = part(token, 1);
  const std::string kid = part(token, 0);
  for (const std::string& header :
       {std::string(R"({"alg":"none","typ":"at+jwt"})"), std::string(R"({"alg":"HS256","typ":"at+jwt"})"),
        std::string(R"({"alg":"ES256","typ":"at+jwt"})"), kid.substr(0, kid.size() - 1) + R"(,"jwk":{}})",
        kid.substr(0, kid.size() - 1) + R"(,"crit":["x"]})", std::string(kid).replace(kid.find("at+jwt"), 6, "JWT")}) {
    EXPECT_FALSE(tokens.read_unverified(forge(header, payload, nullptr))) << header;
  }
}

TEST_F(Token, RefusesThePublicKeyUsedAsAnHmacSecret) {
  // The well-known confusion of RS or ES with HS: the token does not choose the algorithm.
  const TokenKey hmac = TokenKey::hs256(Secret(std::string_view(tokens.jwks())));
  const std::string forged = forge(R"({"alg":"HS256","typ":"at+jwt"})", part(token, 1), &hmac);
  EXPECT_FALSE(tokens.read_unverified(forged));
  EXPECT_FALSE(tokens.signature_right(forged));
}

TEST_F(Token, RefusesMissingOrMistypedClaims) {
  const TokenKey key = TokenKey::hs256(Secret(std::string_view("0123456789abcdef0123456789abcdef")));
  const Tokens ours(TokenKey::hs256(Secret(std::string_view("0123456789abcdef0123456789abcdef"))), "Data Integrity API",
                    "integrity");
  const std::string good = part(ours.issue(claims), 1), header = part(ours.issue(claims), 0);
  ASSERT_TRUE(ours.read_unverified(forge(header, good, &key)));
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string payload = good;
    payload.replace(payload.find(from), from.size(), to);
    return forge(header, payload, &key);
  };
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{R"("iss":"Data)", R"("iss":"Other)"},
                                                        {R"("aud":"integrity")", R"("aud":["integrity"])"},
                                                        {R"("sub":")", R"("sub":"0)"},
                                                        {R"("sid":")", R"("sidd":")"},
                                                        {R"("jti":"one")", R"("jti":1)"},
                                                        {R"("exp":1800000600)", R"("exp":"1800000600")"},
                                                        {R"("exp":1800000600)", R"("exp":1.8e400)"},
                                                        {R"("exp":1800000600)", R"("exp":1900000600)"},
                                                        {R"("exp":1800000600)", R"("exp":1800000601)"},
                                                        {R"("exp":1800000600)", R"("exp":1800000000)"},
                                                        {R"("nbf":1800000000)", R"("nbf":1700000000)"}}) {
    EXPECT_FALSE(ours.read_unverified(with(from, to))) << to;
  }
}

TEST_F(Token, RefusesPayloadsThatAreNotClaims) {
  const TokenKey key = TokenKey::hs256(Secret(std::string_view("0123456789abcdef0123456789abcdef")));
  const Tokens ours(TokenKey::hs256(Secret(std::string_view("0123456789abcdef0123456789abcdef"))), "Data Integrity API",
                    "integrity");
  const std::string good = part(ours.issue(claims), 1), header = part(ours.issue(claims), 0);
  for (const std::string& payload : {std::string(), std::string("{}"), "[" + good + "]", std::string("\"text\""),
                                     good.substr(1), good.substr(0, good.size() - 1) + R"(,"sub":""})", good + good}) {
    EXPECT_FALSE(ours.read_unverified(forge(header, payload, &key))) << payload;
  }
  auto token_with = [&](const std::string& payload) {  // unchanged, not encoded as base64url
    const std::string input = to_base64url(as_bytes(header)) + '.' + payload;
    return input + '.' + to_base64url(as_bytes(key.sign(input)));
  };
  const std::string encoded = to_base64url(as_bytes(good));
  ASSERT_TRUE(ours.read_unverified(token_with(encoded)));
  for (const std::string& payload : {encoded + "=", encoded + "\n", "+" + encoded, good}) {
    EXPECT_FALSE(ours.read_unverified(token_with(payload))) << payload;
  }
}

TEST_F(Token, ReadsAnyListOfAuthenticationMethodsAndNothingElse) {
  const TokenKey key = TokenKey::hs256(Secret(std::string_view("0123456789abcdef0123456789abcdef")));
  const Tokens ours(TokenKey::hs256(Secret(std::string_view("0123456789abcdef0123456789abcdef"))), "Data Integrity API",
                    "integrity");
  const std::string good = part(ours.issue(claims), 1), header = part(ours.issue(claims), 0);
  const std::string from = R"(["pwd","recovery"])";
  const auto with = [&](std::string_view to) {
    std::string payload = good;
    payload.replace(payload.find(from), from.size(), to);
    return ours.read_unverified(forge(header, payload, &key));
  };
  for (const char* to : {"null", "true", "{}", R"("pwd otp")", R"(["pwd",1])", R"([["pwd"]])", R"({"0":"pwd"})"}) {
    EXPECT_FALSE(with(to)) << to;
  }
  const auto three = with(R"(["pwd","otp","hwk"])");
  ASSERT_TRUE(three);
  EXPECT_EQ(three->amr, (std::vector<std::string>{"pwd", "otp", "hwk"}));
}

TEST_F(Token, RefusesWhatIsNotAToken) {
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), token + ".x", token.substr(0, token.rfind('.')),
        "x." + token, std::string(10000, 'a'), token + "="}) {
    EXPECT_FALSE(tokens.signature_right(text)) << text;
    if (text != token + "=") {
      EXPECT_FALSE(tokens.read_unverified(text)) << text;
    }
  }
}

TEST_F(Token, KeySetHoldsOnlyPublicKeys) {
  EXPECT_EQ(tokens.jwks().find("\"d\""), std::string::npos);
  EXPECT_NE(tokens.jwks().find(R"("kty":"EC")"), std::string::npos);
  EXPECT_EQ(Tokens(TokenKey::hs256(Secret(std::string_view("0123456789abcdef0123456789abcdef"))), "i", "a").jwks(),
            R"({"keys":[]})");
}

}  // namespace
}  // namespace integrity::auth
