#include "schema/object.hpp"

#include <gtest/gtest.h>

#include "base/json_document.hpp"

namespace integrity::schema {
namespace {

struct Sample {
  std::string name;
  Money price;
  std::optional<std::int64_t> stock;
  std::optional<std::string> note;
  std::optional<std::optional<std::string>> sku;
};
auto fields(const Sample*) {
  return std::tuple{required("name", &Sample::name, Text{.min = 1, .max = 5}),
                    required("price", &Sample::price, Amount{}),
                    optional("stock", &Sample::stock, Integer{.min = 0, .max = 10}),
                    nullable("note", &Sample::note, Text{.max = 9, .lines = Text::Lines::many}),
                    clearable("sku", &Sample::sku, Word{.min = 1, .max = 3, .also = "-"})};
}

constexpr std::string_view schema_name(const Sample*) {
  return {};
}

Result<Sample> parse(std::string_view text) {
  return read<Sample>(*json::parse(text));
}

// "#/name is missing; #/x is not known here"
std::string complaints(std::string_view text) {
  const auto result = parse(text);
  std::string out;
  if (result) return out;
  for (const auto& field : result.error().fields) {
    if (!out.empty()) out += "; ";
    out += field.where + ' ' + field.detail;
  }
  return out;
}

TEST(Object, IsReadByItsTable) {
  const auto sample = parse(R"({"name":"Lamp","price":"1.5","stock":1e1,"note":"a\nb","sku":"a-1"})");
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->name, "Lamp");
  EXPECT_EQ(sample->price.units, 15000);
  EXPECT_EQ(sample->stock, 10);
  EXPECT_EQ(sample->note, "a\nb");
  EXPECT_EQ(sample->sku, std::optional<std::string>("a-1"));
}

TEST(Object, DistinguishesNullFromAMissingMember) {
  const auto out = parse(R"({"name":"L","price":1})");
  ASSERT_TRUE(out);
  EXPECT_FALSE(out->sku.has_value());
  const auto null = parse(R"({"name":"L","price":1,"sku":null,"note":null})");
  ASSERT_TRUE(null);
  ASSERT_TRUE(null->sku.has_value());
  EXPECT_FALSE(null->sku->has_value());
}

TEST(Object, ReportsEveryErrorAtOnce) {
  EXPECT_EQ(complaints(R"({"prize":1,"name":7,"stock":null})"),
            "#/name must be a string; #/price is missing; #/stock must be an integer from 0 to 10; "
            "#/prize is not known here; you may mean price");
  EXPECT_EQ(complaints("[]"), "# must be an object");
  EXPECT_EQ(complaints(R"({"name":"L","price":1,"a/b~c":1})"), "#/a~1b~0c is not known here");
}

// A client decodes the fragment: from `#/100%` it would get an error, from `#/%41` the name "A".
TEST(Object, NamesMembersByUriFragments) {
  const struct {
    const char* name;
    const char* pointer;
  } kCases[] = {{"100%", "#/100%25"},
                {"%41", "#/%2541"},
                {"a b", "#/a%20b"},
                {"Größe", "#/Gr%C3%B6%C3%9Fe"},
                {"#", "#/%23"},
                {"~%/", "#/~0%25~1"},
                {"\"<>^`{|}\\", "#/%22%3C%3E%5E%60%7B%7C%7D%5C"},
                {"-._~!$&'()*+,;=:@/?", "#/-._~0!$&'()*+,;=:@~1?"},
                {"", "#/"}};
  for (const auto& each : kCases) {
    EXPECT_EQ(complaints(R"({"name":"L","price":1,)" + json::quoted(each.name) + ":1}"),
              std::string(each.pointer) + " is not known here");
  }
}

TEST(Object, DoesNotRepeatALongUnknownName) {
  EXPECT_EQ(complaints(R"({"name":"L","price":1,")" + std::string(101, 'a') + R"(":1})"),
            "# has a member whose name is longer than any known here");
}

TEST(Object, RefusesValuesThatARuleRefuses) {
  for (const char* name : {"\"\"", "\"  \"", "\"toolong\"", "\"a\\nb\"", "\"a\\u0000\"", "\"a\\u0085\"",
                           "\"\\u3000\\u00a0\"", "\"\\ufeff\\u2060\"", "null", "{}"}) {
    EXPECT_FALSE(parse(std::string(R"({"price":1,"name":)") + name + "}")) << name;
  }
  for (const char* price : {"-1", "0.00001", "1e12", "\"1e2\"", "\"01\"", "\"\"", "\" 1\"", "\"+1\"", "true", "null"}) {
    EXPECT_FALSE(parse(std::string(R"({"name":"L","price":)") + price + "}")) << price;
  }
  for (const char* stock : {"11", "-1", "1.5", "\"1\"", "1e99", "null"}) {
    EXPECT_FALSE(parse(std::string(R"({"name":"L","price":1,"stock":)") + stock + "}")) << stock;
  }
  EXPECT_TRUE(parse(R"({"name":"ééééé","price":1})")) << "characters are counted, not bytes";
}

// `must match ^[0-9]{6}$` would be for programs.
TEST(Word, IsExplainedInWords) {
  EXPECT_EQ((Word{.min = 6, .max = 6, .letters = Word::Letters::none}.words()), "6 digits");
  EXPECT_EQ((Word{.min = 3, .max = 64, .also = "._"}.words()),
            "3 to 64 characters: letters (a-z, A-Z), digits and any of . _");
  EXPECT_EQ((Word{.min = 1, .max = 2, .letters = Word::Letters::upper}.words()),
            "1 to 2 characters: capital letters (A-Z) and digits");
}

TEST(Amount, SuggestsAPointForAComma) {
  const auto why = [](std::string text) {
    json::Value value;
    value.kind = json::Value::Kind::string;
    value.text = std::move(text);
    std::string said;
    EXPECT_FALSE(Amount{}.read(value, said));
    return said;
  };
  EXPECT_EQ(why("12,50"), "must have a point instead of the comma: 12.50");
  EXPECT_EQ(why("0,5"), "must have a point instead of the comma: 0.5");
  for (const char* unclear : {"1,234", "1,234.50", "12,", ",5", "a,50", "1,2,3"}) {
    EXPECT_TRUE(why(unclear).starts_with("must be a decimal")) << unclear;
  }
}

struct View {
  std::string name;
  Money price;
  std::optional<std::int64_t> stock;
  std::optional<std::string> note;
};
auto fields(const View*) {
  return std::tuple{required("name", &View::name, Text{.min = 1, .max = 5}),
                    required("price", &View::price, Amount{Amount::Side::answer}),
                    optional("stock", &View::stock, Integer{.min = 0, .max = 10}),
                    nullable("note", &View::note, Text{.max = 9})};
}

constexpr std::string_view schema_name(const View*) {
  return {};
}

TEST(Object, IsWrittenByATable) {
  std::string out;
  write(out, View{"L\"", Money{1'299'000}, {}, {}});
  EXPECT_EQ(out, R"({"name":"L\"","price":129.90,"note":null})");
}

TEST(Object, IsDescribedByTheSameTable) {
  Components components;
  const auto request = describe_request<Sample>(components);
  EXPECT_EQ(request.find("required")->items.size(), 2U);
  EXPECT_EQ(request.find("properties")->find("note")->find("type")->items.size(), 2U) << "string or null";
  const auto answer = describe_answer<View>(components);
  EXPECT_EQ(answer.find("required")->items.size(), 3U) << "nullable members are always there in an answer";
  EXPECT_EQ(request.find("additionalProperties")->text, "false") << "unknown members are refused";
  EXPECT_EQ(answer.find("additionalProperties"), nullptr) << "a later version may answer with more";
}

// Without a format, generators make floats and 32-bit integers. Validators divide doubles by a multipleOf.
TEST(Object, NumbersAreDescribedSoThatToolsDoNotRoundThem) {
  Components components;
  const auto price = json::serialize(describe_answer<View>(components).find("properties")->items[1]);
  EXPECT_EQ(price, R"({"type":"number","format":"double","minimum":0,"maximum":99999999999.9999})");
  EXPECT_EQ(Integer({.min = 0, .max = 10}).describe().find("format")->text, "int32");
  EXPECT_EQ(Integer({.min = 0, .max = 9'007'199'254'740'991}).describe().find("format")->text, "int64");
  describe_request<Sample>(components);
  EXPECT_EQ(json::serialize(components["Price"]).find("multipleOf"), std::string::npos);
}

struct Pair {
  std::optional<std::string> left, right;
};
void exactly_one(const json::Value& json, std::vector<FieldError>& errors) {
  if (json.items.size() != 1) errors.push_back({FieldError::In::body, "#", "name one of left and right"});
}
json::Value exactly_one_described() {
  return json::object({{"minProperties", json::number(1)}, {"maxProperties", json::number(1)}});
}
auto fields(const Pair*) {
  return std::tuple{optional("left", &Pair::left, Opaque{}), optional("right", &Pair::right, Opaque{}),
                    together(&exactly_one, &exactly_one_described)};
}
constexpr std::string_view schema_name(const Pair*) {
  return {};
}

TEST(Object, ARuleForSeveralMembersIsCheckedAndDescribed) {
  EXPECT_TRUE(read<Pair>(*json::parse(R"({"left":"a"})")));
  const auto both = read<Pair>(*json::parse(R"({"left":"a","right":"b","":1})"));
  ASSERT_FALSE(both);
  ASSERT_EQ(both.error().fields.size(), 2U) << "and the empty name is unknown";
  EXPECT_EQ(both.error().fields[0].detail, "name one of left and right");
  Components components;
  EXPECT_EQ(describe_request<Pair>(components).find("maxProperties")->text, "1");
}

struct Shelf {
  View first;
  std::vector<View> others;
};
auto fields(const Shelf*) {
  return std::tuple{required("first", &Shelf::first, Nested<View>{}, "the one in front"),
                    required("others", &Shelf::others, ListOf<Nested<View>>{})};
}
constexpr std::string_view schema_name(const Shelf*) {
  return "Shelf";
}

TEST(Object, ANamedTypeIsDescribedOnceAndReferredTo) {
  Components components;
  EXPECT_EQ(json::serialize(describe_answer<Shelf>(components)), R"({"$ref":"#/components/schemas/Shelf"})");
  ASSERT_EQ(components.size(), 1U);
  const auto& shelf = components["Shelf"];
  EXPECT_EQ(shelf.find("properties")->find("first")->find("description")->text, "the one in front");
  EXPECT_NE(shelf.find("properties")->find("others")->find("items")->find("properties"), nullptr) << "View has no name";
}

}  // namespace
}  // namespace integrity::schema
