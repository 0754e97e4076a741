#include "flask/plan.hpp"

#include <gtest/gtest.h>

namespace integrity::flask {
namespace {

Row user(int number, const std::string& username) {
  RecordId id;
  id.bytes[11] = static_cast<std::uint8_t>(number);
  return {{"_id", id}, {"username", username}, {"password", "$2b$12$" + std::string(53, 'a')}};
}

Row product(int number, std::int64_t created_at) {
  RecordId id;
  id.bytes[11] = static_cast<std::uint8_t>(number);
  return {{"_id", id},
          {"name", std::string("Lamp")},
          {"price", 1.5},
          {"stock", std::int64_t{1}},
          {"created_at", from_millis(created_at)}};
}

TEST(Plan, GivesANameToTheOldestOfThoseThatAreImported) {
  Row unusable = user(1, "ada");
  unusable.pop_back();  // without a password
  const Found found{"", {unusable, user(2, "ADA"), user(3, "Ada")}, {}};
  const auto plan = make_plan(found, {}, {});
  ASSERT_EQ(plan.people.size(), 1U);
  EXPECT_EQ(plan.people[0].user.username, "ADA");
  ASSERT_EQ(plan.refused_users.size(), 2U);
  EXPECT_EQ(plan.refused_users[0].why, "password is missing; the username goes to 000000000000000000000002");
  EXPECT_EQ(plan.refused_users[1].why, "username is that of 000000000000000000000002 except for upper and lower case");
  ASSERT_EQ(plan.suggestions.size(), 1U);
  EXPECT_EQ(plan.suggestions[0].from + ' ' + plan.suggestions[0].to, "Ada Ada-2");
}

TEST(Plan, SuggestsNamesThatFitAndAreFree) {
  const Found found{
      "", {user(1, "a b"), user(2, "a-b"), user(3, "\x1b[31m"), user(4, "žž"), user(5, std::string(90, '!'))}, {}};
  const auto plan = make_plan(found, {}, {});
  std::string lines;
  for (const auto& each : plan.suggestions) lines += each.from + ' ' + each.to + '\n';
  EXPECT_EQ(lines,
            "000000000000000000000001 a-b-2\n"
            "000000000000000000000003 31m\n"
            "000000000000000000000004 user\n"
            "000000000000000000000005 user-2\n");
  const auto renames = parse_renames(lines, "names");
  ASSERT_TRUE(renames);
  const auto names = apply_renames(*renames, found.users);
  ASSERT_TRUE(names) << names.error().detail;
  EXPECT_TRUE(make_plan(found, *names, {}).complete());
}

TEST(Plan, ImportsProductsOldestFirst) {
  const Found found{"", {}, {product(1, 3000), product(2, 1000), product(3, 2000), product(4, 1000)}};
  std::string order;
  for (const auto& each : make_plan(found, {}, {.factors = {}, .currency = "EUR", .now = from_millis(9000)}).products)
    order += each.id.hex().back();
  EXPECT_EQ(order, "2431");
}

// A hash does not show what was hashed, so the report must say what is assumed.
TEST(Report, SaysWhatBcryptIsAssumedToHaveHashed) {
  const Found found{"", {user(1, "ada")}, {}};
  PlanRules rules{.factors = Factors::reenrol, .currency = "EUR"};
  EXPECT_NE(report(make_plan(found, {}, rules)).find("nobody could log in like this: --prehashed sha256-hex"),
            std::string::npos);
  rules.prehash = auth::Prehash::sha256_hex;
  const auto plan = make_plan(found, {}, rules);
  EXPECT_TRUE(plan.people[0].user.password_hash.starts_with("sha256-hex:"));
  EXPECT_NE(report(plan).find("--prehashed sha256-hex: what the old server gave to bcrypt was the SHA-256"),
            std::string::npos);
}

TEST(Report, OfAnEmptyDatabaseIsShort) {
  const auto text =
      report(make_plan({"\"shop\" at db1", {}, {}}, {}, {.factors = Factors::reenrol, .currency = "EUR"}));
  EXPECT_TRUE(
      text.starts_with("The old database \"shop\" at db1\n\nusers: 0 of 0 come over\nproducts: 0 of 0 come over,"
                       " with prices in EUR\n\nSecond factors: "))
      << text;
}

TEST(Report, ListsOnlyTheFirstFiftyMembers) {
  Row strange = product(1, 0);
  for (int i = 0; i < 5000; ++i) strange.emplace_back("member" + std::to_string(i), Value());
  const auto text = report(make_plan({"", {}, {strange}}, {}, {.factors = {}, .currency = "EUR"}));
  EXPECT_NE(text.find(", and 4950 other members\n"), text.npos);
  EXPECT_LT(text.size(), 4000U);
}

}  // namespace
}  // namespace integrity::flask
