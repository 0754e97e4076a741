#include "base/printable.hpp"

#include <gtest/gtest.h>

namespace integrity {
namespace {

using namespace std::string_view_literals;

TEST(Printable, KeepsVisibleCharacters) {
  EXPECT_EQ(printable("Lamp, 3 m"), R"("Lamp, 3 m")");
  EXPECT_EQ(printable("Žižek 灯 🐢"), R"("Žižek 灯 🐢")");
  EXPECT_EQ(printable(""), R"("")");
}

TEST(Printable, EscapesControlCharacters) {
  EXPECT_EQ(printable(R"(a"b\c)"), R"("a\"b\\c")");
  EXPECT_EQ(printable("\x1b[2J\r\n\t\x7f"), R"("\x1b[2J\x0d\x0a\x09\x7f")");
  EXPECT_EQ(printable("a\0b"sv), R"("a\x00b")");
  EXPECT_EQ(printable("\xc2\x9b"), R"("\xc2\x9b")") << "CSI as one character";
  EXPECT_EQ(printable("\xe2\x80\xae"), R"("\xe2\x80\xae")") << "writes from right to left";
  EXPECT_EQ(printable("\xf3\xa0\x81\x81"), R"("\xf3\xa0\x81\x81")") << "a tag";
}

TEST(Printable, EscapesInvalidUtf8) {
  EXPECT_EQ(printable("a\xff\xc3z\xed\xa0\x80"), R"("a\xff\xc3z\xed\xa0\x80")");
  EXPECT_EQ(printable("\xf0\x9f\x90"), R"("\xf0\x9f\x90")") << "cut off";
}

TEST(Printable, CutsLongText) {
  EXPECT_EQ(printable("žžžž", 3), "\"žžž\"…");
  EXPECT_EQ(printable("žžž", 3), "\"žžž\"");
  EXPECT_LT(printable(std::string(1'000'000, '\x1b')).size(), 300U);
}

TEST(Visible, EscapesInMessagesWhatMovesTheCursor) {
  EXPECT_EQ(visible("it is \"Žižek\" in C:\\x; needs:\n  --a: b\n  --c"),
            "it is \"Žižek\" in C:\\x; needs:\n  --a: b\n  --c");
  EXPECT_EQ(visible("a\x1b[2J\r\nintegrity: done\n"), R"(a\x1b[2J\x0d\x0aintegrity: done\x0a)");
  EXPECT_EQ(visible("\xe2\x80\xae\xff"), R"(\xe2\x80\xae\xff)");
  EXPECT_EQ(visible(std::string(200, 'x')), std::string(200, 'x'));
}

}  // namespace
}  // namespace integrity
