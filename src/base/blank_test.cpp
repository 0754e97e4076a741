#include "base/blank.hpp"

#include <gtest/gtest.h>

namespace integrity {
namespace {

TEST(Blank, IsTextWithoutAVisibleCharacter) {
  for (const char* text : {"",
                           " ",
                           "\n\t",
                           "\u0085",
                           "\u00a0",
                           "\u00ad",
                           "\u061c",
                           "\u115f\u1160",
                           "\u1680",
                           "\u180e",
                           "\u2000\u200a",
                           "\u200b",
                           "\u200f",
                           "\u2028",
                           "\u202a\u202e",
                           "\u202f",
                           "\u205f",
                           "\u2060",
                           "\u2066\u2069",
                           "\u2800",
                           "\u3000",
                           "\u3164",
                           "\ufe0f",
                           "\ufeff",
                           "\uffa0",
                           " \u200b \ufeff"}) {
    EXPECT_TRUE(is_blank(text)) << text;
  }
}

TEST(Blank, IsNotTextWithAVisibleCharacter) {
  for (const char* text : {"a", " a", "\u200ba", "é", "\u0301", "\u2010", "\u2030", "\u2070", "\u2801", "\u3001", "한",
                           "\ufdff", "\U0001d11e", "\U0001f422", "\u200d\U0001f422"}) {
    EXPECT_FALSE(is_blank(text)) << text;
  }
}

}  // namespace
}  // namespace integrity
