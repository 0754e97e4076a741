#include "base/json.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/decimal.hpp"

namespace integrity::json {
namespace {

using Kind = Value::Kind;

bool accepts(std::string_view text) {
  return parse(text).has_value();
}

// `depth` containers inside each other: at level i an object if kinds[i % kinds.size()] is 'o', else an array.
std::string nested(std::size_t depth, std::string_view kinds) {
  std::string front, back;
  for (std::size_t i = 0; i < depth; ++i) {
    const bool object = kinds[i % kinds.size()] == 'o';
    front += object ? R"({"a":)" : "[";
    back += object ? '}' : ']';
  }
  std::reverse(back.begin(), back.end());
  return front + "1" + back;
}

TEST(Json, ReadsEveryKindOfValue) {
  const auto value = parse(R"( {"s":"x","n":-1.5e3,"t":true,"f":false,"z":null,"a":[1,[],{}],"o":{"":[]}} )");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->kind, Kind::object);
  EXPECT_EQ(value->names, (std::vector<std::string>{"s", "n", "t", "f", "z", "a", "o"}));
  ASSERT_EQ(value->items.size(), value->names.size());
  const struct {
    const char* name;
    Kind kind;
    const char* text;
  } kScalars[] = {{"s", Kind::string, "x"},
                  {"n", Kind::number, "-1.5e3"},
                  {"t", Kind::boolean, "true"},
                  {"f", Kind::boolean, "false"},
                  {"z", Kind::null, ""}};
  for (const auto& c : kScalars) {
    ASSERT_NE(value->find(c.name), nullptr) << c.name;
    EXPECT_EQ(value->find(c.name)->kind, c.kind) << c.name;
    EXPECT_EQ(value->find(c.name)->text, c.text) << c.name;
  }
  const Value& array = *value->find("a");
  ASSERT_EQ(array.items.size(), 3U);
  EXPECT_EQ(array.items[0].text, "1");
  EXPECT_EQ(array.items[1].kind, Kind::array);
  EXPECT_EQ(array.items[2].kind, Kind::object);
  EXPECT_EQ(value->find("o")->find("")->kind, Kind::array);
  EXPECT_EQ(value->find("S"), nullptr);
  EXPECT_EQ(value->find("s "), nullptr);
}

TEST(Json, ReadsAnyValueAtTheTop) {
  const struct {
    const char* text;
    Kind kind;
  } kCases[] = {{"null", Kind::null},   {"true", Kind::boolean}, {"0", Kind::number},
                {"\"\"", Kind::string}, {"[]", Kind::array},     {"{}", Kind::object}};
  for (const auto& c : kCases) {
    const auto value = parse(c.text);
    ASSERT_TRUE(value) << c.text;
    EXPECT_EQ(value->kind, c.kind) << c.text;
  }
}

TEST(Json, KeepsNumbersAsTheyWereWritten) {
  const std::string long_number(5000, '7');
  for (const std::string& text :
       {std::string("0"), std::string("-0"), std::string("-0.0"), std::string("1.10"), std::string("1e400"),
        std::string("1E+2"), std::string("0.10000000000000000555"), std::string("9223372036854775808"),
        std::string("18446744073709551616"), std::string("123456789012345678901234567890"), std::string("1e2147483647"),
        long_number, "0." + long_number}) {
    const auto value = parse(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(value->kind, Kind::number);
    EXPECT_EQ(value->text, text);
    const auto inside = parse("[" + text + "," + text + "]");
    ASSERT_TRUE(inside) << text;
    EXPECT_EQ(inside->items[1].text, text);
  }
}

TEST(Json, DecodesEscapes) {
  const struct {
    const char* literal;
    std::string text;
  } kCases[] = {
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"}, {R"("\u00e9\u20AC")", "é€"}, {R"("\ud83d\uDC22")", "🐢"},
      {R"("a\u0000b")", std::string("a\0b", 3)},    {"\"é🐢\x7f\"", "é🐢\x7f"},
  };
  for (const auto& c : kCases) {
    const auto value = parse(c.literal);
    ASSERT_TRUE(value) << c.literal;
    EXPECT_EQ(value->text, c.text) << c.literal;
  }
}

TEST(Json, RefusesWhatIsNotStrictJson) {
  const char* const kRefused[] = {
      // nothing; a byte order mark; something after the value
      "", " ", "\xef\xbb\xbf{}", "{} x", "{}{}", "[1]]", "1 2", "nullx", "{}\f",
      // cut off
      "{", "[", "[1", "{\"a\"", "{\"a\":", "{\"a\":1", "\"a", "tru", "-", "1e", "1e+",
      // structure
      "]", "[1,]", "[,1]", "[1 2]", "[1;2]", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{1:2}", "{a:1}",
      // what other notations have
      "// c\n1", "/* c */1", "'a'", "True", "NaN", "Infinity", "-Infinity", "undefined",
      // numbers
      "01", "-01", "+1", ".5", "1.", "0x1", "1e1.5", "--1", "\xef\xbc\x91",
      // strings and escapes
      "\"a\nb\"", "\"\t\"", "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\\"", "\"\\a\"",
      // lone surrogates
      R"("\ud83d")", R"("\udc22")", R"("\ud83d\ud83d")", R"("\ud83dx")", R"("\ud83d\u0041")", R"({"\ud83d":1})",
      // not UTF-8
      "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xc3\"", "{\"\xff\":1}", "\xff",
      // white space that JSON does not have
      "[1,\v2]", "[1,\302\2402]"};
  for (const char* text : kRefused) {
    const auto value = parse(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, Code::malformed_json) << text;
    EXPECT_FALSE(value.error().detail.empty()) << text;
  }
  EXPECT_FALSE(accepts(std::string_view("1\0", 2)));
  EXPECT_FALSE(accepts(std::string_view("\"a\0\"", 4)));
}

// 0 stays 0 with any exponent; other numbers are too large or too small for every field.
TEST(Json, ReadsExponentsOfAnySize) {
  const std::string nines(1000, '9');
  for (const std::string& exponent : {std::string("2147483647"), std::string("2147483648"), std::string("9999999999"),
                                      "-" + nines, "+" + nines, "-000" + nines}) {
    for (const char* mantissa : {"0", "-0.000", "1", "-123456789012345678901234567890.5"}) {
      const auto text = mantissa + std::string("e") + exponent;
      const auto value = parse(R"({"e9999999999\"1e9999999999":[)" + text + R"(],"b":"1e99999999999"})");
      ASSERT_TRUE(value) << text;
      EXPECT_EQ(value->names.front(), R"(e9999999999"1e9999999999)");
      EXPECT_EQ(value->find("b")->text, "1e99999999999");
      const auto number = Decimal::parse_json(value->items.front().items.front().text);
      ASSERT_TRUE(number) << text;
      const bool zero = std::string_view(mantissa).find_first_of("123456789") == std::string_view::npos;
      EXPECT_EQ(number->scaled(4), zero ? std::optional<std::int64_t>(0) : std::nullopt) << text;
    }
  }
  EXPECT_EQ(parse("1e00000000000000000002")->text, "1e00000000000000000002");
  EXPECT_EQ(parse("[1e9999999999").error().code, Code::malformed_json);
  EXPECT_NE(parse("[1e9999999999 x]").error().detail.find("byte 14"), std::string::npos);
}

TEST(Json, SaysWhereAnErrorIs) {
  EXPECT_NE(parse(R"({"a":1,})").error().detail.find("byte 7"), std::string::npos);
  EXPECT_NE(parse("{} x").error().detail.find("byte 3"), std::string::npos);
}

// "syntax error at byte 23" made people count bytes.
TEST(Json, ShowsTheTextAroundAnError) {
  const auto detail = [](std::string_view text) { return parse(text).error().detail; };
  EXPECT_TRUE(detail(R"({"price":12,50})").ends_with(R"(at byte 12, after {"price":12,, before 50})"))
      << detail(R"({"price":12,50})");
  EXPECT_TRUE(detail("{} x").ends_with("at byte 3, after {} , before x")) << detail("{} x");
  EXPECT_TRUE(detail(R"({"a":)").ends_with(R"(at byte 5, after {"a":)")) << detail(R"({"a":)");
  const std::string long_text = "[\"" + std::string(100, 'a') + "\" x, \"" + std::string(100, 'b') + "\"]";
  EXPECT_TRUE(detail(long_text).ends_with(", after …aaaaaaaaaaaaaa\" , before x, \"bbbbbbbbbbbb…"))
      << detail(long_text);
  const auto accented = detail("[\"éééééééééé\" x]");
  EXPECT_NE(accented.find("after …ééééééé\" , before x]"), std::string::npos) << accented;
  EXPECT_TRUE(detail("[\xff]").ends_with("at byte 1, after [")) << "invalid UTF-8 is not shown";
}

TEST(Json, RefusesTwoMembersOfOneName) {
  for (const char* text :
       {R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":3})", R"({"":1,"":2})", R"({"a":1,"\u0061":2})",
        R"({"\u0061":1,"a":2})", R"({"é":1,"\u00e9":2})", R"({"🐢":1,"\ud83d\udc22":2})", R"([{"x":{"a":1,"a":2}}])"}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
  for (const char* text : {R"({"a":1,"A":2})", R"({"a":{"a":1}})", R"([{"a":1},{"a":1}])", R"({"e\u0301":1,"é":2})",
                           R"({"a":1,"a\u0000":2})"}) {
    EXPECT_TRUE(accepts(text)) << text;
  }
}

// More than 16 members are compared in another way: every position with fewer and with more.
TEST(Json, RefusesTwoMembersOfOneNameAmongMany) {
  for (std::size_t count = 1; count <= 40; ++count) {
    std::string members;
    for (std::size_t i = 0; i < count; ++i) members += "\"m" + std::to_string(i) + "\":1,";
    EXPECT_TRUE(accepts("{" + members + "\"last\":1}")) << count;
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_FALSE(accepts("{" + members + "\"\\u006d" + std::to_string(i) + "\":1}")) << count << ' ' << i;
    }
  }
}

TEST(Json, Reads32Levels) {
  for (const char* kinds : {"a", "o", "ao", "oa", "aoo"}) {
    EXPECT_TRUE(accepts(nested(depth_max, kinds))) << kinds;
    EXPECT_FALSE(accepts(nested(depth_max + 1, kinds))) << kinds;
    EXPECT_FALSE(accepts(nested(100'000, kinds))) << kinds;
  }
  EXPECT_TRUE(accepts("[" + nested(31, "a") + "," + nested(31, "o") + "]"));  // siblings add nothing
}

TEST(Quoted, EscapesWhatJsonRequires) {
  const struct {
    std::string text, literal;
  } kCases[] = {
      {"", R"("")"},
      {"plain é 🐢", R"("plain é 🐢")"},
      {"\"\\/", R"("\"\\/")"},
      {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
      {std::string("\0\x01\x1f\x7f", 4), "\"\\u0000\\u0001\\u001f\x7f\""},
      {"a\r\n{\"event\":\"forged\"}", R"("a\r\n{\"event\":\"forged\"}")"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(json::quoted(c.text), c.literal);
    const auto back = parse(c.literal);
    ASSERT_TRUE(back) << c.literal;
    EXPECT_EQ(back->text, c.text);
  }
}

TEST(Quoted, IsJsonEvenForBytesThatAreNotUtf8) {
  EXPECT_EQ(json::quoted("a\xff\nb"), "\"a\xef\xbf\xbd\\nb\"");
  for (int byte = 0x80; byte < 0x100; ++byte) {
    EXPECT_TRUE(accepts(json::quoted(std::string(1, static_cast<char>(byte))))) << byte;
  }
}

TEST(AppendString, AppendsToTheText) {
  std::string out = "x:";
  append_string(out, "y");
  EXPECT_EQ(out, R"(x:"y")");
}

}  // namespace
}  // namespace integrity::json
