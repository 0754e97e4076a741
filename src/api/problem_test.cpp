#include "api/problem.hpp"

#include <gtest/gtest.h>

namespace integrity::api {
namespace {

TEST(Problem, IsADocumentWithEveryMember) {
  const Error error{Code::invalid_value,
                    "a \"value\"",
                    {{FieldError::In::body, "#/a\"b", "is\nwrong"}, {FieldError::In::query, "q", "is not known here"}}};
  const auto reply = problem(error, "id-1");
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(reply.content_type, "application/problem+json");
  EXPECT_EQ(reply.body, R"({"type":"/problems/invalid-value","title":")" + std::string(info(error.code).title) +
                            R"(","status":422,"detail":"a \"value\"","request_id":"id-1",)"
                            R"("errors":[{"pointer":"#/a\"b","detail":"is\nwrong"},)"
                            R"({"parameter":"q","detail":"is not known here"}]})");
}

TEST(Problem, HasItsTitleAsDetailWhereThereIsNoOther) {
  const auto body = json::parse(problem(Error{Code::not_found}, "id-1").body);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->find("detail")->text, body->find("title")->text);
  EXPECT_EQ(body->find("errors"), nullptr);
}

TEST(Problem, ListsTheFirstErrorsAndCountsTheOthers) {
  Error error{Code::invalid_value};
  for (int i = 0; i < 10'000; ++i) error.fields.push_back({FieldError::In::body, "#/x", "is not known here"});
  const auto body = json::parse(problem(error, "id-1").body);
  ASSERT_TRUE(body);
  const auto& errors = body->find("errors")->items;
  ASSERT_EQ(errors.size(), 33U);
  EXPECT_EQ(errors.back().find("pointer")->text, "#");
  EXPECT_EQ(errors.back().find("detail")->text, "has 9968 more errors of this kind");
}

}  // namespace
}  // namespace integrity::api
