#include "auth/recovery_code.hpp"

#include <gtest/gtest.h>

#include <set>

#include "testing/random.hpp"

namespace integrity::auth {
namespace {

TEST(RecoveryCode, ComesInTensOf24CrockfordCharacters) {
  test::SeededRandom random;
  const auto codes = make_recovery_codes(random);
  EXPECT_EQ(std::set(codes.begin(), codes.end()).size(), 10U);
  for (const auto& code : codes) {
    EXPECT_EQ(code.size(), 24U);
    EXPECT_EQ(code.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), std::string::npos) << code;
    ASSERT_TRUE(parse_recovery_code(code));
    EXPECT_EQ(parse_recovery_code(code)->size(), recovery_code_bytes);
  }
}

TEST(RecoveryCode, IsReadAsPeopleTypeIt) {
  const auto bits = parse_recovery_code("0123456789ABCDEFGHJKMN01");
  ASSERT_TRUE(bits);
  for (const char* typed : {"0123456789abcdefghjkmn01", "0123-4567-89AB-CDEF-GHJK-MN01",
                            " 0123 4567 89AB CDEF GHJK MN01", "O123456789ABCDEFGHJKMNoI", "0I23456789ABCDEFGHJKMN0l"}) {
    EXPECT_EQ(parse_recovery_code(typed), bits) << typed;
  }
}

TEST(RecoveryCode, RefusesOtherTexts) {
  for (const char* text : {"", "0123456789ABCDEFGHJKMN0", "0123456789ABCDEFGHJKMN012", "U123456789ABCDEFGHJKMN01",
                           "0123456789ABCDEFGHJKMN0_", "0123456789ABCDEFGHJKMN0\xc3\xa9"}) {
    EXPECT_FALSE(parse_recovery_code(text)) << text;
  }
}

TEST(RecoveryCode, HashBelongsToOneUserAndKey) {
  const Secret key(std::string_view("k"));
  const Secret other(std::string_view("l"));
  test::SeededRandom random;
  const auto ada = UserId::make(from_millis(0), random), bob = UserId::make(from_millis(0), random);
  const Bytes bits(recovery_code_bytes, 7);
  EXPECT_EQ(recovery_code_hash(key, ada, bits), recovery_code_hash(key, ada, bits));
  EXPECT_NE(recovery_code_hash(key, ada, bits), recovery_code_hash(key, bob, bits));
  EXPECT_NE(recovery_code_hash(key, ada, bits), recovery_code_hash(other, ada, bits));
}

}  // namespace
}  // namespace integrity::auth
