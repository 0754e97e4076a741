#include "crypto/es256.hpp"

#include <gtest/gtest.h>

namespace integrity::crypto {
namespace {

Bytes url(std::string_view text) {
  return from_base64url(text).value();
}

// RFC 7515 appendix A.3.
const Bytes kX = url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
const Bytes kY = url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
const Bytes kD = url("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
constexpr std::string_view kSigned =
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
    "bS9pc19yb290Ijp0cnVlfQ";
const Bytes kSignature = url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");

// DER before the private number: PKCS#8 (RFC 5208) around ECPrivateKey (RFC 5915), without a public key.
constexpr const char* kPkcs8 = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";

Secret pem(std::string_view label, std::string_view hex) {
  const std::string body = to_base64(from_hex(hex).value());
  std::string text = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t i = 0; i < body.size(); i += 64) text += body.substr(i, 64) + '\n';
  return Secret(text + "-----END " + std::string(label) + "-----\n");
}
Es256Key rfc_key() {
  return Es256Key::from_pem(pem("PRIVATE KEY", kPkcs8 + to_hex(kD))).value();
}

TEST(Es256, DerivesThePublicPointOfTheRfcKey) {
  const auto point = rfc_key().public_point();
  EXPECT_EQ(to_hex(point.x), to_hex(kX));
  EXPECT_EQ(to_hex(point.y), to_hex(kY));
}

TEST(Es256, VerifiesTheSignatureOfTheRfc) {
  EXPECT_TRUE(rfc_key().verify(as_bytes(kSigned), kSignature));
}

TEST(Es256, VerifiesWhatItSigned) {
  const Es256Key key = Es256Key::generate();
  for (int i = 0; i < 100; ++i) {  // about half of them have an r or s that DER pads, one in 128 has a short one
    const std::string data = "message " + std::to_string(i);
    const auto signature = key.sign(as_bytes(data));
    EXPECT_TRUE(key.verify(as_bytes(data), signature)) << data;
    EXPECT_FALSE(key.verify(as_bytes(data + "!"), signature)) << data;
  }
}

TEST(Es256, RefusesASignatureWithAnyByteAltered) {
  const Es256Key key = rfc_key();
  for (std::size_t at = 0; at < kSignature.size(); ++at) {
    Bytes altered = kSignature;
    altered[at] ^= 1;
    EXPECT_FALSE(key.verify(as_bytes(kSigned), altered)) << at;
  }
}

TEST(Es256, RefusesASignatureOfAnotherKey) {
  EXPECT_FALSE(Es256Key::generate().verify(as_bytes(kSigned), kSignature));
}

TEST(Es256, RefusesEveryLengthBut64) {
  const Es256Key key = rfc_key();
  Bytes longer = kSignature;
  longer.push_back(0);
  EXPECT_FALSE(key.verify(as_bytes(kSigned), longer));
  for (std::size_t size = 0; size < kSignature.size(); ++size) {
    EXPECT_FALSE(key.verify(as_bytes(kSigned), ByteView(kSignature).first(size))) << size;
  }
}

// CVE-2022-21449: Java accepted r = s = 0 as the signature of anything.
TEST(Es256, RefusesNumbersThatNoSignatureContains) {
  const std::string zero(64, '0'), one = std::string(63, '0') + '1', ones(64, 'f');
  const std::string order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  const Es256Key key = rfc_key();
  for (const auto& r : {zero, one, order, ones}) {
    for (const auto& s : {zero, one, order, ones}) {
      EXPECT_FALSE(key.verify(as_bytes(kSigned), from_hex(r + s).value())) << r << ' ' << s;
    }
  }
}

TEST(Es256, IsTheSameKeyAfterWritingAndReadingPem) {
  const Es256Key key = Es256Key::generate();
  const Secret text = key.to_pem();
  EXPECT_TRUE(text.reveal_text().starts_with("-----BEGIN PRIVATE KEY-----\n"));
  const auto again = Es256Key::from_pem(text);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_point().x, key.public_point().x);
  EXPECT_TRUE(key.verify(as_bytes("data"), again->sign(as_bytes("data"))));
}

TEST(Es256, TwoGeneratedKeysDiffer) {
  EXPECT_NE(Es256Key::generate().public_point().x, Es256Key::generate().public_point().x);
}

TEST(Es256, ReadsNoOtherKindOfKey) {
  const std::string d = to_hex(kD), sec1_end = "a00a06082a8648ce3d030107";
  const struct {
    const char* what;
    const char* label;
    std::string hex;
  } kCases[] = {
      {"SEC1 form", "EC PRIVATE KEY", "30310201010420" + d + sec1_end},
      {"Ed25519", "PRIVATE KEY", "302e020100300506032b657004220420" + d},
      {"secp256k1", "PRIVATE KEY", "303e020100301006072a8648ce3d020106052b8104000a042730250201010420" + d},
      {"P-384", "PRIVATE KEY",
       "304e020100301006072a8648ce3d020106052b81040022043730350201010430" + d + d.substr(0, 32)},
      {"private number 0", "PRIVATE KEY", kPkcs8 + std::string(64, '0')},
      {"private number of the group's order", "PRIVATE KEY",
       std::string(kPkcs8) + "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"},
      {"cut off", "PRIVATE KEY", kPkcs8 + d.substr(0, 62)},
      {"not DER", "PRIVATE KEY", "00"},
      {"another label", "CERTIFICATE", kPkcs8 + d},
      {"encrypted", "ENCRYPTED PRIVATE KEY", kPkcs8 + d},
  };
  for (const auto& c : kCases) EXPECT_FALSE(Es256Key::from_pem(pem(c.label, c.hex))) << c.what;
  for (const char* text : {"", "garbage", "-----BEGIN PRIVATE KEY-----\n"}) {
    EXPECT_FALSE(Es256Key::from_pem(Secret(std::string_view(text)))) << text;
  }
}

// A key whose public half belongs to another key would sign tokens that the published JWKS does not verify.
TEST(Es256, RefusesThePublicHalfOfAnotherKey) {
  const auto with_public = [](const Bytes& x, const Bytes& y) {
    return pem("PRIVATE KEY", "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420" + to_hex(kD) +
                                  "a14403420004" + to_hex(x) + to_hex(y));
  };
  const auto other = Es256Key::generate().public_point();
  EXPECT_TRUE(Es256Key::from_pem(with_public(kX, kY)));
  EXPECT_FALSE(
      Es256Key::from_pem(with_public(Bytes(other.x.begin(), other.x.end()), Bytes(other.y.begin(), other.y.end()))));
}

// An old-style encrypted file must not make a server wait that starts without a terminal.
TEST(Es256, NeverAsksForAPassphrase) {
  EXPECT_FALSE(
      Es256Key::from_pem(Secret(std::string_view("-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
                                                 "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                                                 "AAAAAAAAAAAAAAAAAAAAAA==\n-----END PRIVATE KEY-----\n"))));
}

}  // namespace
}  // namespace integrity::crypto
