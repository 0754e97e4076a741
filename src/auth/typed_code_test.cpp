#include "auth/typed_code.hpp"

#include <gtest/gtest.h>

#include "auth/recovery_code.hpp"

namespace integrity::auth {
namespace {

// Google Authenticator and others show "123 456", and that is what people copy.
TEST(TypedCode, IsSixDigitsWithAnySpacesAmongThem) {
  for (const char* text : {"123456", "123 456", " 123456 ", "1 2 3 4 5 6", "123\u00a0456", "123\u2009456",
                           "123\u202f456", "123\u2000456", "123\u200a456", "\u3000123456"}) {
    EXPECT_EQ(parse_code(text), "123456") << text;
  }
}

TEST(TypedCode, IsNothingElse) {
  for (const char* text : {"", "   ", "12345", "1234567", "123 45", "123 4567", "123-456", "123\t456", "123\n456",
                           "12345a", "123\u200b456", "\uff11\uff12\uff13\uff14\uff15\uff16", "123\u20ac", "\xe2\x80"}) {
    EXPECT_FALSE(parse_code(text)) << text;
  }
}

TEST(TypedCode, OfARecoveryCodeMayHaveTheSameSpaces) {
  const auto plain = parse_recovery_code("7KQ2M9XT4HVBC0NDEWR85GPA");
  ASSERT_TRUE(plain);
  EXPECT_EQ(parse_recovery_code("7KQ2 M9XT\u00a04HVB\u2009C0ND\u202fEWR8-5GPA "), plain);
}

}  // namespace
}  // namespace integrity::auth
