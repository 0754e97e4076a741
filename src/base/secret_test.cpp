#include "base/secret.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <concepts>
#include <ostream>
#include <type_traits>

namespace integrity {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!std::copyable<Secret>);
static_assert(!std::equality_comparable<Secret>);
static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);

TEST(Secret, RevealsItsBytesByName) {
  const Secret secret(std::string_view("pass\0word", 9));
  EXPECT_EQ(secret.reveal_text(), std::string_view("pass\0word", 9));
  EXPECT_TRUE(std::ranges::equal(secret.reveal(), as_bytes(secret.reveal_text())));
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
}

TEST(Secret, IsEmptyAfterAMove) {
  Secret first(std::string_view("a secret longer than any short string"));
  Secret second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT: a move must leave nothing
  Secret third(std::string_view("overwritten"));
  third = std::move(second);
  EXPECT_TRUE(second.empty());  // NOLINT
  EXPECT_EQ(third.reveal_text(), "a secret longer than any short string");
}

TEST(Secret, ClonesOnlyByName) {
  Secret first(std::string_view("a"));
  const Secret copy = first.clone();
  first = Secret(std::string_view("b"));
  EXPECT_EQ(copy.reveal_text(), "a");
}

TEST(EqualInConstantTime, ComparesEveryByteAndTheLength) {
  const std::string text = "0123456789abcdef";
  EXPECT_TRUE(equal_in_constant_time(as_bytes(text), as_bytes(std::string(text))));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string other = text;
      other[at] = static_cast<char>(other[at] ^ (1 << bit));
      EXPECT_FALSE(equal_in_constant_time(as_bytes(text), as_bytes(other))) << at << ' ' << bit;
    }
    EXPECT_FALSE(equal_in_constant_time(as_bytes(text), as_bytes(text).first(at))) << at;
  }
}

TEST(Wipe, OverwritesExactlyWhatItIsGiven) {
  std::string text = "0123456789";
  wipe(text.data() + 2, 5);
  EXPECT_EQ(text, std::string_view("01\0\0\0\0\0"
                                   "789",
                                   10));
  wipe(nullptr, 0);
}

}  // namespace
}  // namespace integrity
