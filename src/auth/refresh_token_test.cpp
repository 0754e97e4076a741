#include "auth/refresh_token.hpp"

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "testing/random.hpp"

namespace integrity::auth {
namespace {

struct Fixture : ::testing::Test {
  test::SeededRandom random;
  const Secret key = random.secret(32), other_key = random.secret(32);
  const SessionId session = SessionId::make(from_millis(0), random);
};
using RefreshTokenText = Fixture;

TEST_F(RefreshTokenText, SaysItsSessionAndGeneration) {
  for (const std::int64_t generation : {std::int64_t{1}, std::int64_t{2}, std::int64_t{256}, std::int64_t{1} << 40}) {
    const auto text = write_refresh_token(key, {session, generation});
    EXPECT_EQ(text.size(), 70U);
    EXPECT_EQ(read_refresh_token(key, text), (RefreshToken{session, generation}));
    EXPECT_EQ(write_refresh_token(key, {session, generation}), text) << "it can be given again";
    EXPECT_FALSE(read_refresh_token(other_key, text)) << "whoever has another key cannot make one";
  }
}

TEST_F(RefreshTokenText, DiffersWithSessionGenerationAndKey) {
  const auto text = write_refresh_token(key, {session, 1});
  EXPECT_NE(write_refresh_token(key, {session, 2}).substr(27), text.substr(27));
  EXPECT_NE(write_refresh_token(key, {SessionId::make(from_millis(0), random), 1}).substr(27), text.substr(27));
  EXPECT_NE(write_refresh_token(other_key, {session, 1}).substr(27), text.substr(27));
}

TEST_F(RefreshTokenText, IsRefusedWithAnyCharacterChanged) {
  const auto text = write_refresh_token(key, {session, 1});
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : kAlphabet) {
      auto altered = text;
      altered[i] = c;
      ASSERT_EQ(read_refresh_token(key, altered).has_value(), c == text[i]) << altered;
    }
  }
}

TEST_F(RefreshTokenText, HasOneForm) {
  const auto text = write_refresh_token(key, {session, 1});
  for (const std::string& other : {std::string(), text.substr(1), text + "A", text + "=", text + "==", " " + text,
                                   text.substr(0, 69) + "+", std::string(10'000, 'A')}) {
    EXPECT_FALSE(read_refresh_token(key, other)) << other;
  }
}

}  // namespace
}  // namespace integrity::auth
