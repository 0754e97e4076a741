#include "auth/password.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "auth/common_passwords.hpp"
#include "testing/random.hpp"

namespace integrity::auth {
namespace {

constexpr int kCheap = 4;

struct Fixture : ::testing::Test {
  test::SeededRandom random;
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

TEST_F(Password, CountsInFull) {
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

TEST_F(Password, OfNoAccountIsNeverRight) {
  EXPECT_FALSE(hasher.verify(secret("correct horse battery"), ""));
  EXPECT_FALSE(hasher.needs_rehash(hasher.hash(secret("correct horse battery"))));
  EXPECT_TRUE(PasswordHasher(Secret(std::string_view("k")), 5, random)
                  .needs_rehash(hasher.hash(secret("correct horse battery"))));
}

TEST_F(Password, IsWeakWhenListed) {
  std::istringstream lines{std::string(embedded::auth_common_passwords[0].second)};
  int listed = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ")) continue;
    EXPECT_TRUE(weakness(secret(line), "adalovelace", "Data Integrity API")) << line;
    ++listed;
  }
  EXPECT_GT(listed, 8000);
}

TEST_F(Password, IsWeakWhenCommonOrMadeOfAName) {
  for (const char* text :
       {"password",    "password1",     "Password1",      "12345678",           "qwertyuiop", "iloveyou",
        "adalovelace", "AdaLovelace1!", "123adalovelace", "data integrity api", "aaaaaaaa",   "baseball",
        "trustno1",    "qwerty123",     "admin123",       "P@ssw0rd",           "iloveyou1",  "abcd1234",
        "12345678910", "147258369",     "Q1W2E3R4T5",     "1qaz2wsx3edc",       "linkedin",   "#1stunna"}) {
    EXPECT_TRUE(weakness(secret(text), "adalovelace", "Data Integrity API")) << text;
  }
  for (const char* text : {"correct horse battery", "        x passphrase \xf0\x9f\x90\xa2", "adalovelace and friends",
                           "tr0ub4dor&3x", "k3ttle-Lamp-violin"}) {
    EXPECT_FALSE(weakness(secret(text), "adalovelace", "Data Integrity API")) << text;
  }
}

TEST_F(Password, IsJudgedInFull) {
  using namespace std::string_literals;
  const auto weak = [](const std::string& text) { return weakness(secret(text), "ada", "x").has_value(); };
  EXPECT_FALSE(weak("abc\0defgh1Q-x"s));
  EXPECT_FALSE(weak("\0aX9!kLm2pp"s));
}

// Counts the rounds of bcrypt that a check takes, and not the time, which depends on the load of the machine.
struct Counted : Fixture {
  std::uint64_t rounds = 0;
  PasswordHasher hasher_of(int cost) {
    return PasswordHasher(secret("0123456789abcdef0123456789abcdef"), cost, random,
                          [this](std::string_view text, const std::string& bcrypt) {
                            rounds += std::uint64_t{1} << crypto::bcrypt_cost(bcrypt);
                            return crypto::bcrypt_verify(text, bcrypt);
                          });
  }
  std::uint64_t rounds_of(const PasswordHasher& counting, const std::string& stored) {
    rounds = 0;
    EXPECT_FALSE(counting.verify(secret("wrong horse battery"), stored));
    return rounds;
  }
};
using PasswordWork = Counted;

// After --bcrypt-cost had been lowered, older accounts took longer than names that do not exist.
TEST_F(PasswordWork, IsTheSameForEveryAccountAndForNone) {
  const auto counting = hasher_of(5);
  const auto cheap = hasher_of(4).hash(secret("a")), costly = hasher_of(7).hash(secret("a"));
  const auto imported = *foreign_hash(crypto::bcrypt_hash("a", 6, random));
  for (const auto& stored : {cheap, costly, imported}) counting.expect(stored.substr(0, stored.size() - 53));
  for (const auto& stored : {std::string(), cheap, hasher_of(5).hash(secret("a")), imported, costly}) {
    EXPECT_EQ(rounds_of(counting, stored), 1U << 7) << stored;
  }
}

TEST_F(PasswordWork, GrowsForAllWithAHashThatWasNotExpected) {
  const auto counting = hasher_of(4);
  EXPECT_EQ(rounds_of(counting, ""), 1U << 4);
  const auto costly = *foreign_hash(crypto::bcrypt_hash("a", 6, random), Prehash::sha256_hex);
  EXPECT_EQ(rounds_of(counting, costly), 1U << 6);
  EXPECT_EQ(rounds_of(counting, ""), 1U << 6);
}

TEST_F(PasswordWork, IsNotSetByADamagedHash) {
  const auto counting = hasher_of(4);
  for (const char* kind : {"$2b$31$", "no hash", ""}) counting.expect(kind);
  EXPECT_LE(rounds_of(counting, hasher.hash(secret("a"))), 1U << 16);
}

TEST_F(Password, IsHashedAgainAtAnyOtherCost) {
  const auto stored = hasher.hash(secret("correct horse battery"));
  EXPECT_TRUE(PasswordHasher(secret("k"), kCheap + 1, random).needs_rehash(stored));
  EXPECT_TRUE(PasswordHasher(secret("k"), kCheap - 1, random).needs_rehash(stored));
  EXPECT_FALSE(hasher.needs_rehash(stored));
}

// Flask-Bcrypt with BCRYPT_HANDLE_LONG_PASSWORDS hashes the hex digits of the SHA-256. Accounts that were imported from
// such a server could never log in. The digest is that of "abc" in FIPS 180-2.
TEST_F(Password, OfAProgramThatHashedADigestIsRecognised) {
  const auto bcrypt =
      crypto::bcrypt_hash("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 4, random);
  const auto stored = *foreign_hash(bcrypt, Prehash::sha256_hex);
  EXPECT_TRUE(stored.starts_with("sha256-hex:$2b$04$"));
  EXPECT_TRUE(hasher.verify(secret("abc"), stored));
  EXPECT_FALSE(hasher.verify(secret("abd"), stored));
  EXPECT_FALSE(hasher.verify(secret("abc"), *foreign_hash(bcrypt))) << "taken as bcrypt of the password itself";
  EXPECT_TRUE(hasher.needs_rehash(stored));
}

TEST_F(Password, OfAnotherProgramIsNeverTheEmptyOne) {
  const auto plain = crypto::bcrypt_hash("", 4, random);
  const auto digest =
      crypto::bcrypt_hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 4, random);
  EXPECT_FALSE(hasher.verify(secret(""), *foreign_hash(plain)));
  EXPECT_FALSE(hasher.verify(secret(""), *foreign_hash(digest, Prehash::sha256_hex)));
}

// Made by Python: bcrypt.hashpw(text, bcrypt.gensalt(4)).
TEST_F(Password, OfAnotherProgramIsRecognisedAndReplaced) {
  using namespace std::string_view_literals;
  const struct {
    std::string_view text;
    const char* hash;
  } cases[] = {
      {"abc"sv, "$2b$04$5UdaRGm/haV33/NibB9Cxupfyqk5XYb0RfNgC4hvQNLr3iBl70d1i"},
      {"abc"sv, "$2a$04$Nfa8LOAE3ibSJatvWnDBs.78cXIJDcoBFcUOQhzgDdrnNQ4XCDRiG"},
      {"correct horse battery"sv, "$2b$04$co1pIi4Mwm/C17WqMX5uS.ZS0/iIdZrwuH1e8CyHs1GG.pLm4fHGa"},
      {"correct horse battery"sv, "$2a$04$yMNauIGZVt4S4OHUQ/YtguenWWlSHbhTu/WLeN7Du5R13MKVEb2S6"},
      {"žluťoučký kůň"sv, "$2b$04$UWqfP0DpIAqN3OHNMjtDaef264UtnQ4R6pPe2N6wp8hj3KoR7Cok6"},
      {"žluťoučký kůň"sv, "$2a$04$2Su0aZR6ttWxFaIy5N1lhOw71uwQbY51oXJ0ReqDoeAE0/UqmFZem"},
      {"ÿ£345"sv, "$2b$04$DU7DYKTbY.jw/WFidhnbFOaj5BAhEWmlnKW0IHkPOgWUjyMof2rFy"},
      {"ÿ£345"sv, "$2a$04$YEnQPDqwZ6q8NWkPVbsGOu5DRkv/O/K/QMYhhxD/eiwF23L9RlMGC"},
  };
  for (const auto& c : cases) {
    const auto stored = foreign_hash(c.hash);
    ASSERT_TRUE(stored) << c.text;
    EXPECT_TRUE(hasher.verify(secret(c.text), *stored)) << c.text;
    EXPECT_FALSE(hasher.verify(secret(std::string(c.text) + "x"), *stored)) << c.text;
    EXPECT_FALSE(hasher.verify(secret(std::string(c.text) + '\0'), *stored)) << "a NUL, at which bcrypt would stop";
    EXPECT_TRUE(hasher.needs_rehash(*stored));
    EXPECT_FALSE(hasher.verify(secret(c.text), c.hash)) << "without the prefix it is one of ours";
  }
}

TEST_F(Password, OfAnotherProgramCountsFor72Bytes) {
  const auto stored = *foreign_hash("$2b$04$1tce8Tmvt8GNInztQ8ggq.IGVwtQE1JDr6yoXONckscJUYXZie35.");
  EXPECT_TRUE(hasher.verify(secret(std::string(72, 'x')), stored));
  EXPECT_TRUE(hasher.verify(secret(std::string(72, 'x') + "whatever"), stored));
  EXPECT_FALSE(hasher.verify(secret(std::string(71, 'x')), stored));
}

TEST(ForeignHash, IsBcryptOfCost4To16) {
  const std::string rest(53, 'a');
  for (const char* begin : {"$2a$04$", "$2b$12$", "$2y$16$"}) {
    EXPECT_EQ(foreign_hash(begin + rest), "bytes:$2b$" + std::string(begin + 4) + rest);
  }
  for (const std::string& text :
       {"$2b$17$" + rest, "$2b$03$" + rest, "$2x$12$" + rest, "$2b$12$" + rest + "a", "$2b$12$" + rest.substr(1),
        "$2b$12$" + rest.substr(1) + "*", "$2b$12$" + rest.substr(1) + '\0', std::string("hunter2"), std::string()}) {
    EXPECT_FALSE(foreign_hash(text)) << text;
  }
}

}  // namespace
}  // namespace integrity::auth
