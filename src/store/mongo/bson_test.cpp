#include "store/mongo/bson.hpp"

#include <gtest/gtest.h>

#include "store/mongo/error_map.hpp"

namespace integrity::store::mongo {
namespace {

std::string json(const Doc& doc) {
  char* const text = bson_as_relaxed_extended_json(doc.get(), nullptr);
  std::string out = text;
  bson_free(text);
  return out;
}

TEST(Bson, ValuesHaveTheirOwnTypes) {
  const Doc doc("id", UserId{}, "at", from_millis(1'800'000'000'000), "price", Money{1'299'000}, "n", std::int64_t{5},
                "b", Bytes{1, 2}, "none", std::optional<Time>(), "list", Array().add("a").add("b"));
  EXPECT_EQ(json(doc),
            R"({ "id" : { "$oid" : "000000000000000000000000" }, "at" : { "$date" : "2027-01-15T08:00:00Z" }, )"
            R"("price" : { "$numberDecimal" : "129.9000" }, "n" : 5, )"
            R"("b" : { "$binary" : { "base64" : "AQI=", "subType" : "00" } }, "list" : [ "a", "b" ] })");
}

TEST(Bson, MoneyIsReadInEveryNotation) {
  for (const auto& [text, units] : {std::pair{"129.9000", 1'299'000},
                                    {"129.9", 1'299'000},
                                    {"1E+2", 1'000'000},
                                    {"0", 0},
                                    {"-0", 0},
                                    {"0.00010", 1},
                                    {"129.900000000", 1'299'000}}) {
    const auto doc = Doc::from_json(R"({"price": {"$numberDecimal": ")" + std::string(text) + "\"}}");
    EXPECT_EQ(View(doc).take<Money>("price").units, units) << text;
  }
  for (const char* text : {"0.00001", "-1", "NaN", "Infinity", "100000000000"}) {
    const auto doc = Doc::from_json(R"({"price": {"$numberDecimal": ")" + std::string(text) + "\"}}");
    EXPECT_THROW(View(doc).take<Money>("price"), Broken) << text;
  }
  for (const std::int64_t units : {std::int64_t{0}, std::int64_t{1}, Money::max}) {
    EXPECT_EQ(View(Doc("price", Money{units})).take<Money>("price").units, units);
  }
}

TEST(Bson, AMissingMemberOrOneOfAnotherTypeIsAnError) {
  const Doc doc("a", "text", "n", 1);
  const View view(doc);
  EXPECT_THROW(view.take<std::string>("b"), Broken);
  EXPECT_THROW(view.take<std::int64_t>("a"), Broken);
  EXPECT_THROW(view.take<UserId>("a"), Broken);
  EXPECT_THROW(view.take<Bytes>("n"), Broken);
  EXPECT_EQ(view.take<std::optional<std::string>>("b"), std::nullopt);
  EXPECT_EQ(view.take<std::string>("a"), "text");
}

TEST(Bson, TheErrorNamesTheDocument) {
  const auto said = [](const Doc& doc) {
    try {
      View(doc).take<std::string>("name");
    } catch (const Broken& broken) {
      return std::string(broken.what());
    }
    return std::string();
  };
  const UserId id{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
  EXPECT_EQ(said(Doc("_id", id)), "the stored document 0102030405060708090a0b0c cannot be read: no name");
  EXPECT_EQ(said(Doc("_id", id, "name", 1)),
            "the stored document 0102030405060708090a0b0c cannot be read: unexpected value of name");
  EXPECT_EQ(said(Doc("_id", "head")), "the stored document head cannot be read: no name");
  EXPECT_EQ(said(Doc("_id", 1)), "a stored document cannot be read: no name");
  EXPECT_EQ(said(Doc("name", 1)), "a stored document cannot be read: unexpected value of name");
}

// What a user types is a text to find, never a pattern.
TEST(Bson, NothingInAPrefixIsAnOperator) {
  EXPECT_EQ(json(Doc("words", BeginsWith{"a.*$|(\\é"})),
            R"({ "words" : { "$regularExpression" : { "pattern" : "^a\\.\\*\\$\\|\\(\\\\é", "options" : "" } } })");
}

TEST(Bson, TextsMayHaveAnyBytes) {
  const std::string text("a\0b", 3);
  EXPECT_EQ(View(Doc("t", text)).take<std::string>("t"), text);
  EXPECT_EQ(View(Doc("t", "")).take<std::string>("t"), "");
}

}  // namespace
}  // namespace integrity::store::mongo
