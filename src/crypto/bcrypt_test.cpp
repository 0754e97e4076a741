#include "crypto/bcrypt.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace integrity::crypto {
namespace {

std::string repeat(std::size_t count, std::string_view text) {
  std::string out;
  while (count-- > 0) out += text;
  return out;
}

// The openwall vectors (crypt_blowfish 1.3, wrapper.c). Those of $2x$, which show the sign-extension bug, are in the
// next test.
TEST(Bcrypt, VerifiesTheOpenwallVectors) {
  const std::string c = "CCCCCCCCCCCCCCCCCCCCC.", ok = "/OK.fbVrR/bpIqNJ5ianF.";
  const std::string high = "\xff\xa3";
  const struct {
    std::string hash, text;
  } kCases[] = {
      {"$2a$05$" + c + "E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
      {"$2a$05$" + c + "VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"},
      {"$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"},
      {"$2a$05$" + c + "7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", ""},
      {"$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
       "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
       "chars after 72 are ignored"},
      {"$2y$05$" + ok + "CE5elHaaO4EbggVDjb8P19RukzXSM3e", "\xff\xff\xa3"},
      {"$2b$05$" + ok + "CE5elHaaO4EbggVDjb8P19RukzXSM3e", "\xff\xff\xa3"},
      {"$2a$05$" + ok + "nqd1wy.pTMdcvrRWxyiGL2eMz.2a85.", "\xff\xff\xa3"},
      {"$2y$05$" + ok + "Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", "\xa3"},
      {"$2a$05$" + ok + "Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", "\xa3"},
      {"$2b$05$" + ok + "Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", "\xa3"},
      {"$2y$05$" + ok + "o./n25XVfn6oAPaUvHe.Csk4zRfsYPi", high + "34\xff\xff" + high + "345"},
      {"$2a$05$" + ok + "ZC1JEJ8Z4gPfpe1JOr/oyPXTWl9EFd.", high + "34\xff\xff" + high + "345"},
      {"$2y$05$" + ok + "nRht2l/HRhr6zmCp9vYUvvsqynflf9e", high + "345"},
      {"$2a$05$" + ok + "nRht2l/HRhr6zmCp9vYUvvsqynflf9e", high + "345"},
      {"$2a$05$" + ok + "6IflQkJytoRVc1yuaNtHfiuq.FRlSIS", high.substr(1) + "ab"},
      {"$2y$05$" + ok + "6IflQkJytoRVc1yuaNtHfiuq.FRlSIS", high.substr(1) + "ab"},
      {"$2a$05$" + ok + "swQOIzjOiJ9GHEPuhEkvqrUyvWhEMx6", repeat(72, "\xaa") + "chars after 72 are ignored as usual"},
      {"$2a$05$" + ok + "R9xrDjiycxMbQE2bp.vgqlYpW5wx2yy", repeat(36, "\xaa\x55")},
      {"$2a$05$" + ok + "9tQZzcJfm3uj2NvJ/n5xkhpqLrMpWCe", repeat(24, "\x55\xaa\xff")},
  };
  for (const auto& v : kCases) {
    EXPECT_TRUE(bcrypt_verify(v.text, v.hash)) << v.hash;
    EXPECT_FALSE(bcrypt_verify("!" + v.text, v.hash)) << v.hash;
  }
}

TEST(Bcrypt, RefusesHashesOfTheVersionWithTheSignExtensionBug) {
  EXPECT_FALSE(bcrypt_verify("\xa3", "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"));
}

TEST(Bcrypt, WritesTwoBWithTheRequestedCost) {
  SystemRandom random;
  const std::string hash = bcrypt_hash("correct horse", 5, random);
  EXPECT_TRUE(hash.starts_with("$2b$05$"));
  EXPECT_EQ(hash.size(), 60U);
  EXPECT_TRUE(bcrypt_verify("correct horse", hash));
  EXPECT_FALSE(bcrypt_verify("correct horsf", hash));
  EXPECT_FALSE(bcrypt_verify("", hash));
}

TEST(Bcrypt, TakesAFreshSaltForEveryHash) {
  SystemRandom random;
  EXPECT_NE(bcrypt_hash("same", 4, random), bcrypt_hash("same", 4, random));
}

TEST(Bcrypt, RefusesAHashWithAnyCharacterAltered) {
  SystemRandom random;
  const std::string hash = bcrypt_hash("text", 4, random);
  for (std::size_t at = 29; at < hash.size(); ++at) {  // after the salt
    std::string altered = hash;
    altered[at] = altered[at] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(bcrypt_verify("text", altered)) << at;
  }
}

// libcrypt also reads MD5, DES and others: somebody who can write the database could plant a weak one.
TEST(Bcrypt, AcceptsNoOtherKindOfHash) {
  const std::string rest = "$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  for (const std::string& hash :
       {std::string(), std::string("*0"), std::string("x"), "$2" + rest, "$2c" + rest, "$2x" + rest, "$2z" + rest,
        "$2A" + rest, "$2a" + rest + ' ', "$2a" + rest.substr(0, rest.size() - 1),
        std::string("$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        std::string("$2a$32$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        std::string("$2a$+5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        std::string("$2a$05$CCCCCCCCCCCCCCCCCCCC:.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        std::string("$1$deadbeef$Q7g0UO4hRC0mgQUQ/qkjZ0"), std::string("ab0lJdvvGHuQM")}) {
    EXPECT_FALSE(bcrypt_verify("U*U", hash)) << hash;
  }
}

TEST(Bcrypt, ReadsTheCostOfAHash) {
  const std::string rest = "$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  const struct {
    std::string hash;
    int cost;
  } kCases[] = {{"$2a$04" + rest, 4}, {"$2b$12" + rest, 12},     {"$2y$31" + rest, 31}, {"$2b$32" + rest, 0},
                {"$2b$03" + rest, 0}, {"$2x$12" + rest, 0},      {"$2b$1x" + rest, 0},  {"", 0},
                {"$2b$12$", 0},       {"$2b$12" + rest + "!", 0}};
  for (const auto& c : kCases) EXPECT_EQ(bcrypt_cost(c.hash), c.cost) << c.hash;
}

TEST(Bcrypt, NeverHashesOnlyAPartOfAText) {
  SystemRandom random;
  EXPECT_THROW(bcrypt_hash(std::string_view("a\0b", 3), 4, random), std::runtime_error);
}

TEST(Bcrypt, RefusesACostThatBcryptDoesNotHave) {
  SystemRandom random;
  for (int cost : {-1, 1, 3, 32}) {
    EXPECT_THROW(bcrypt_hash("text", cost, random), std::runtime_error) << cost;
  }
}

}  // namespace
}  // namespace integrity::crypto
