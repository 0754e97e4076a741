#include "flask/renames.hpp"

#include <gtest/gtest.h>

namespace integrity::flask {
namespace {

std::string outcome(std::string_view text, const std::vector<Row>& users) {
  const auto renames = parse_renames(text, "names");
  if (!renames) return renames.error().detail;
  const auto applied = apply_renames(*renames, users);
  if (!applied) return applied.error().detail;
  std::string out;
  for (const auto& [position, name] : *applied) out += std::to_string(position) + "=" + name + " ";
  return out;
}

Row named(const char* id, Value username) {
  return {{"_id", *RecordId::parse(id)}, {"username", std::move(username)}};
}

TEST(Renames, AreLinesOfTwoWords) {
  const std::vector<Row> users{named("65f0c0ff0000000000000000", std::string("ada")),
                               named("65f0c0ff0000000000000001", std::string("two words")),
                               named("65f0c0ff0000000000000002", std::string("user#3")),
                               named("65f0c0ff0000000000000003", {})};
  EXPECT_EQ(outcome("", users), "");
  EXPECT_EQ(outcome("ada Ada", users), "0=Ada ") << "the same name in another case";
  EXPECT_EQ(outcome("# all of them\r\n\r\n\t ada  lovelace # why\r\n65f0c0ff0000000000000001 two-words\nuser#3 user3\n"
                    "65f0c0ff0000000000000003 nobody",
                    users),
            "0=lovelace 1=two-words 2=user3 3=nobody ");
  EXPECT_EQ(outcome("two words two-words\n", users),
            "names:1: must be two words: the old username (or _id) and the new one");
  EXPECT_EQ(outcome("\nada \xff\xff\xff\n", users).substr(0, 39), "names:2: the new name \"\\xff\\xff\\xff\" mu");
}

// A user may have signed up with the _id of another user as the name.
TEST(Renames, MeanAnIdBeforeAName) {
  const std::vector<Row> users{named("65f0c0ff0000000000000001", std::string("the boss")),
                               named("65f0c0ff0000000000000002", std::string("65f0c0ff0000000000000001"))};
  EXPECT_EQ(outcome("65f0c0ff0000000000000001 the-boss\n", users), "0=the-boss ");
  EXPECT_EQ(outcome("\xef\xbb\xbf"
                    "65f0c0ff0000000000000002 other\n",
                    users),
            "1=other ");
}

TEST(Renames, MayUseANameThatItsOldHolderLoses) {
  const std::vector<Row> users{named("65f0c0ff0000000000000000", std::string("ada")),
                               named("65f0c0ff0000000000000001", std::string("bob"))};
  EXPECT_EQ(outcome("ada bob\nbob ada\n", users), "0=bob 1=ada ");
  EXPECT_EQ(outcome("ada Bob\n", users), "names:1: the new name \"Bob\" is that of another user");
}

}  // namespace
}  // namespace integrity::flask
