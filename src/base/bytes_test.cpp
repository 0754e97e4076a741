#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include "testing/base32.hpp"

namespace integrity {
namespace {

std::optional<std::string> text_of(const std::optional<Bytes>& bytes) {
  if (!bytes) return {};
  return std::string(as_text(*bytes));
}

TEST(Encodings, AgreeWithRfc4648Section10) {
  const struct {
    const char *plain, *base64, *base64url, *base32, *hex;
  } kCases[] = {
      {"", "", "", "", ""},
      {"f", "Zg==", "Zg", "MY", "66"},
      {"fo", "Zm8=", "Zm8", "MZXQ", "666f"},
      {"foo", "Zm9v", "Zm9v", "MZXW6", "666f6f"},
      {"foob", "Zm9vYg==", "Zm9vYg", "MZXW6YQ", "666f6f62"},
      {"fooba", "Zm9vYmE=", "Zm9vYmE", "MZXW6YTB", "666f6f6261"},
      {"foobar", "Zm9vYmFy", "Zm9vYmFy", "MZXW6YTBOI", "666f6f626172"},
  };
  for (const auto& c : kCases) {
    const ByteView plain = as_bytes(c.plain);
    EXPECT_EQ(to_base64(plain), c.base64);
    EXPECT_EQ(to_base64url(plain), c.base64url);
    EXPECT_EQ(to_base32(plain), c.base32);
    EXPECT_EQ(to_hex(plain), c.hex);
    EXPECT_EQ(text_of(from_base64url(c.base64url)), c.plain);
    EXPECT_EQ(text_of(from_hex(c.hex)), c.plain);
  }
}

TEST(Encodings, UseTheLastCharactersOfTheirAlphabets) {
  const Bytes high = {0xfb, 0xff, 0xfe};
  EXPECT_EQ(to_base64(high), "+//+");
  EXPECT_EQ(to_base64url(high), "-__-");
  EXPECT_EQ(from_base64url("-__-"), high);
}

TEST(Encodings, RoundTripEveryByteAtEveryPosition) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (std::size_t size = 1; size <= 6; ++size) {
      const Bytes bytes(size, static_cast<std::uint8_t>(byte));
      EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
      EXPECT_EQ(test::from_base32(to_base32(bytes)), bytes);
      EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    }
  }
}

TEST(FromHex, AcceptsOnlyWhatItWouldWrite) {
  for (const char* text : {"6", "0", "666", "660", "6G", "6A", "FF", "0x66", " 66", "66 ", "66\n", "6-"}) {
    EXPECT_FALSE(from_hex(text)) << text;
  }
  EXPECT_FALSE(from_hex(std::string_view("66\0", 3)));
}

TEST(FromBase64Url, AcceptsOnlyWhatItWouldWrite) {
  const char* const kRefused[] = {// no number of bytes gives so many characters
                                  "Z", "Zm9vY", "A", "Zm9vA",
                                  // bits set after the last byte: a second way to write the same bytes
                                  "Zh", "Zn", "Zm9", "Zm-",
                                  // padding, the other alphabet
                                  "Zg==", "Zm8=", "====", "+//+", "Zm9v/w",
                                  // characters of neither alphabet
                                  "Zm9v\n", " Zm9v", "Zm 9v", "Zm9v.", "Zm9\xc3\xa9"};
  for (const char* text : kRefused) EXPECT_FALSE(from_base64url(text)) << text;
}

TEST(CountCodePoints, CountsCharactersNotBytes) {
  const struct {
    std::string_view text;
    std::size_t count;
  } kCases[] = {
      {"", 0},
      {"abc", 3},
      {std::string_view("a\0b", 3), 3},
      {"\x7f", 1},
      {"é", 1},
      {"e\xcc\x81", 2},  // the same letter, decomposed
      {"€uro", 4},
      {"🐢🐢", 2},
      {"\xc2\x80", 1},          // U+0080
      {"\xdf\xbf", 1},          // U+07FF
      {"\xe0\xa0\x80", 1},      // U+0800
      {"\xed\x9f\xbf", 1},      // U+D7FF, the last before the surrogates
      {"\xee\x80\x80", 1},      // U+E000, the first after them
      {"\xef\xbf\xbf", 1},      // U+FFFF
      {"\xf0\x90\x80\x80", 1},  // U+10000
      {"\xf4\x8f\xbf\xbf", 1},  // U+10FFFF
  };
  for (const auto& c : kCases) EXPECT_EQ(count_code_points(c.text), c.count) << c.text;
}

TEST(CountCodePoints, RefusesWhatIsNotUtf8) {
  const char* const kRefused[] = {// a continuation without a lead
                                  "\x80", "\xbf", "a\x80",
                                  // cut off
                                  "\xc3", "\xe2\x82", "\xf0\x9f\x90",
                                  // a lead without its continuations
                                  "\xc3(", "\xe2\x82(", "\xe2(\x82", "\xf0\x9f\x90(",
                                  // overlong
                                  "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
                                  "\xf0\x8f\xbf\xbf",
                                  // surrogates, and a pair of them (CESU-8)
                                  "\xed\xa0\x80", "\xed\xbf\xbf", "\xed\xa0\xbd\xed\xb0\xa2",
                                  // above U+10FFFF
                                  "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff"};
  for (const char* text : kRefused) EXPECT_FALSE(count_code_points(text)) << to_hex(as_bytes(text));
}

}  // namespace
}  // namespace integrity
