#include "base/json_document.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace integrity::json {
namespace {

TEST(JsonDocument, IsSerialisedInTheOrderItWasBuilt) {
  const Value document = object({{"z", string("a \"quoted\"\nword")},
                                 {"a", array({number(-1), boolean(true), Value{}})},
                                 {"none", object()},
                                 {"words", strings({"x", "y"})}});
  EXPECT_EQ(serialize(document), R"({"z":"a \"quoted\"\nword","a":[-1,true,null],"none":{},"words":["x","y"]})");
}

// Boost.JSON's own values would hold 129.90 as a double and write 1.299E2.
TEST(JsonDocument, KeepsEachDigitOfANumber) {
  for (const char* text : {"129.90", "99999999999.9999", "9007199254740993", "0.10"}) {
    EXPECT_EQ(serialize(literal(text)), text);
  }
}

TEST(JsonDocument, RefusesAMistakeInTheSourceCode) {
  EXPECT_THROW(literal("{\"a\":1"), std::logic_error);
  Value twice = object({{"a", number(1)}});
  EXPECT_THROW(add(twice, "a", number(2)), std::logic_error);
}

}  // namespace
}  // namespace integrity::json
