#include "app/jwt_key.hpp"

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/random.hpp"

namespace integrity::app {
namespace {

struct Refused {
  const char* what;
  std::string key;
};

std::string repeated(std::string_view block, std::size_t size) {
  std::string out;
  while (out.size() < size) out += block;
  out.resize(size);
  return out;
}

TEST(JwtKey, RefusesKeysThatOthersMayKnow) {
  const Refused cases[] = {
      {"short", "8hV0cP2"},
      {"one byte too short", "b2Fq7Lw9XzR4tYkM1nPdSvGhJcUe3A5"},
      {"one character", std::string(64, 'a')},
      {"zero bytes", std::string(32, '\0')},
      {"a repeated word", repeated("secret", 40)},
      {"a repeated block, the last one cut", repeated("q8Zr1", 33)},
      {"digits in turn", "12345678901234567890123456789012"},
      {"alphabet", "abcdefghijklmnopqrstuvwxyz0123456789"},
      {"hex in turn", "0123456789abcdef0123456789abcdef"},
      {"the specification's own example", repeated("your_secret_key", 45)},
      {"padded with zeros", "your_secret_key00000000000000000000"},
      {"padded with dots", "changeme................................"},
      {"padded with a count", "your_secret_key12345678901234567890"},
      {"upper case", "YOUR_SECRET_KEY_YOUR_SECRET_KEY_PLEASE"},
      {"jwt.io, 256 bits", "your-256-bit-secret-your-256-bit-secret"},
      {"jwt.io, now", "a-string-secret-at-least-256-bits-long"},
      {"Supabase", "super-secret-jwt-token-with-at-least-32-characters-long"},
      {"Supabase, self-hosted", "your-super-secret-jwt-token-with-at-least-32-characters-long"},
      {"PostgREST", "reallyreallyreallyreallyverysafe"},
      {"PostgREST, padded", "reallyreallyreallyreallyverysafe123"},
      {"Django's template", "django-insecure-4k#8v!2m0z@q7w$e1r5t9y&u3i6o*p_a+s=d(f)g"},
      {"FastAPI", "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7"},
      {"Flask", "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf"},
      {"a Spring tutorial", "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970"},
      {"another", "======================BezKoder=Spring==========================="},
      {"RFC 7515 A.1", "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"},
      {"words only", "please-change-this-secret-key-in-production"},
      {"a placeholder", "my-jwt-secret-key-change-me-in-production-2024"},
      {"jwt.io in base64", "YS1zdHJpbmctc2VjcmV0LWF0LWxlYXN0LTI1Ni1iaXRzLWxvbmc="},
  };
  for (const Refused& c : cases) {
    const auto why = jwt_key_weakness(Secret(c.key));
    ASSERT_TRUE(why) << c.what;
    if (c.key.size() >= jwt_key_bytes_min) {
      EXPECT_EQ(why->find("bytes long"), std::string::npos) << c.what;
    }
  }
}

TEST(JwtKey, AcceptsRandomKeys) {
  SystemRandom random;
  for (int i = 0; i < 100; ++i) {
    const Bytes raw = random.bytes(jwt_key_bytes_min);
    const std::string hex16 = to_hex(random.bytes(16));
    EXPECT_FALSE(jwt_key_weakness(Secret(as_text(raw))));
    EXPECT_FALSE(jwt_key_weakness(Secret(to_hex(raw)))) << to_hex(raw);
    EXPECT_FALSE(jwt_key_weakness(Secret(hex16))) << hex16;
    EXPECT_FALSE(jwt_key_weakness(Secret(to_base64(raw)))) << to_base64(raw);
  }
}

TEST(JwtKey, NeverShowsTheKeyItRefuses) {
  const auto why = jwt_key_weakness(Secret(std::string_view("bezkoder-bezkoder-bezkoder-bezkoder-x")));
  ASSERT_TRUE(why);
  EXPECT_EQ(why->find("bezkoder"), std::string::npos);
}

}  // namespace
}  // namespace integrity::app
