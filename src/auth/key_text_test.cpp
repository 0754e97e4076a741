#include "auth/key_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "testing/random.hpp"

namespace integrity::auth {
namespace {

class TheseBits final : public Random {
 public:
  explicit TheseBits(Bytes bits) : bits_(std::move(bits)) {}
  void fill(std::span<std::uint8_t> out) override { std::copy_n(bits_.begin(), out.size(), out.begin()); }

 private:
  Bytes bits_;
};

std::string of(Bytes bits) {
  TheseBits random(std::move(bits));
  return make_key_text(random);
}

// Made with Python's zlib.crc32 and int.from_bytes.
TEST(KeyText, IsWhatOthersMakeOfTheSameBits) {
  Bytes counted(32);
  for (std::size_t i = 0; i < counted.size(); ++i) counted[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(of(Bytes(32)), "dik_00000000000000000000000000000000000000000002k3hyR");
  EXPECT_EQ(of(Bytes(32, 0xff)), "dik_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp118iNz5");
  EXPECT_EQ(of(counted), "dik_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf3NpBuZ");
}

TEST(KeyText, IsReadWithItsCheckSumOnly) {
  test::SeededRandom random;
  for (int i = 0; i < 100; ++i) {
    const auto text = make_key_text(random);
    ASSERT_TRUE(is_key_text(text)) << text;
    ASSERT_EQ(text.size(), key_characters);
    for (std::size_t at = 0; at < text.size(); ++at) {
      auto mistyped = text;
      mistyped[at] = mistyped[at] == 'x' ? 'y' : 'x';
      ASSERT_FALSE(is_key_text(mistyped)) << mistyped;
    }
  }
}

TEST(KeyText, HasOneLengthAndOneAlphabet) {
  test::SeededRandom random;
  const auto text = make_key_text(random);
  for (const std::string& other : {std::string(), std::string("dik_"), text.substr(1), text + "0", " " + text.substr(1),
                                   "DIK_" + text.substr(4), text.substr(0, 52) + "-", text.substr(0, 52) + '\0'}) {
    EXPECT_FALSE(is_key_text(other)) << other;
  }
  EXPECT_NE(key_hash(text), key_hash(make_key_text(random)));
}

}  // namespace
}  // namespace integrity::auth
