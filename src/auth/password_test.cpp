#include "auth/password.hpp"

#include <gtest/gtest.h>

#include "base/testing.hpp"

namespace integrity::auth {
namespace {

constexpr int kCheap = 4;

struct Fixture : ::testing::Test {
  testing::SeededRandom random;
  PasswordHasher hasher{Secret(std::string_view("0123456789abcdef0123456789abcdef")), kCheap, random};
  static Secret secret(std::string_view text) { return Secret(text); }
};
using Password = Fixture;

TEST_F(Password, IsRecognised) {
  const auto stored = hasher.hash(secret("correct horse battery"));
  EXPECT_TRUE(stored.starts_with("$2b$04$"));
  EXPECT_TRUE(hasher.verify(secret("correct horse battery"), stored));
  EXPECT_FALSE(hasher.verify(secret("correct horse batterz"), stored));
}

TEST_F(Password, CountsAsAWhole) {
  using namespace std::string_view_literals;
  const std::string longer(200, 'x');
  const auto stored = hasher.hash(secret(longer));
  EXPECT_FALSE(hasher.verify(secret(longer.substr(0, 72)), stored)) << "bcrypt reads 72 bytes";
  EXPECT_FALSE(hasher.verify(secret(longer.substr(0, 199) + "y"), stored));
  EXPECT_FALSE(hasher.verify(secret("abcdefgh"), hasher.hash(secret("abcdefgh\0ijkl"sv)))) << "bcrypt stops at NUL";
}

TEST_F(Password, IsUselessWithoutTheKey) {
  const PasswordHasher other(Secret(std::string_view("another key, another key, another")), kCheap, random);
  EXPECT_FALSE(other.verify(secret("correct horse battery"), hasher.hash(secret("correct horse battery"))));
}

TEST_F(Password, OfNobodyIsNeverRightAndCostsTheSame) {
  EXPECT_FALSE(hasher.verify(secret("correct horse battery"), ""));
  EXPECT_FALSE(hasher.needs_rehash(hasher.hash(secret("correct horse battery"))));
  EXPECT_TRUE(PasswordHasher(Secret(std::string_view("k")), 5, random)
                  .needs_rehash(hasher.hash(secret("correct horse battery"))));
}

TEST_F(Password, IsWeakWhenCommonOrMadeOfAName) {
  for (const char* text : {"password", "password1", "Password1", "12345678", "qwertyuiop", "iloveyou", "adalovelace",
                           "AdaLovelace1!", "123adalovelace", "data integrity api", "aaaaaaaa", "baseball", "trustno1",
                           "qwerty123", "admin123", "P@ssw0rd", "iloveyou1", "abcd1234"}) {
    EXPECT_TRUE(weakness(secret(text), "adalovelace", "Data Integrity API")) << text;
  }
  for (const char* text : {"correct horse battery", "        x passphrase \xf0\x9f\x90\xa2", "adalovelace and friends",
                           "tr0ub4dor&3x", "k3ttle-Lamp-violin"}) {
    EXPECT_FALSE(weakness(secret(text), "adalovelace", "Data Integrity API")) << text;
  }
}

TEST_F(Password, IsLookedAtWhole) {
  using namespace std::string_literals;
  const auto weak = [](const std::string& text) { return weakness(secret(text), "ada", "x").has_value(); };
  EXPECT_FALSE(weak("abc\0defgh1Q-x"s));
  EXPECT_FALSE(weak("\0aX9!kLm2pp"s));
}

}  // namespace
}  // namespace integrity::auth
