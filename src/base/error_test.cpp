#include "base/error.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace integrity {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ErrorTable, IsInTheOrderOfTheCodes) {
  std::size_t index = 0;
  for (const CodeInfo& row : all_codes()) {
    EXPECT_EQ(static_cast<std::size_t>(row.code), index++) << row.slug;
    EXPECT_EQ(&info(row.code), &row) << row.slug;
  }
  EXPECT_EQ(index, static_cast<std::size_t>(Code::internal) + 1);
}

// Clients are written against these: new ones are added, existing ones keep their slug and status.
TEST(ErrorTable, KeepsItsSlugsAndStatuses) {
  const std::pair<std::string_view, int> kPublished[] = {
      {"bad-request", 400},
      {"request-timeout", 408},
      {"headers-too-large", 431},
      {"not-implemented", 501},
      {"malformed-json", 400},
      {"invalid-value", 422},
      {"weak-password", 422},
      {"username-taken", 409},
      {"signup-closed", 403},
      {"sku-taken", 409},
      {"invalid-credentials", 401},
      {"invalid-code", 401},
      {"code-already-used", 401},
      {"challenge-expired", 401},
      {"enrolment-required", 403},
      {"already-enrolled", 409},
      {"factor-disabled", 403},
      {"invalid-token", 401},
      {"forbidden", 403},
      {"not-found", 404},
      {"method-not-allowed", 405},
      {"not-acceptable", 406},
      {"unsupported-media-type", 415},
      {"payload-too-large", 413},
      {"misdirected-request", 421},
      {"precondition-failed", 412},
      {"precondition-required", 428},
      {"idempotency-key-reused", 422},
      {"idempotency-in-progress", 409},
      {"insufficient-stock", 409},
      {"too-many-attempts", 429},
      {"overloaded", 503},
      {"unavailable", 503},
      {"internal", 500},
  };
  for (const auto& [slug, status] : kPublished) {
    const auto row = std::ranges::find(all_codes(), slug, &CodeInfo::slug);
    ASSERT_NE(row, all_codes().end()) << slug;
    EXPECT_EQ(row->status, status) << slug;
  }
}

TEST(ErrorTable, ExplainsEveryProblemOnce) {
  std::vector<std::string_view> slugs;
  for (const CodeInfo& row : all_codes()) {
    slugs.push_back(row.slug);
    EXPECT_FALSE(row.title.empty()) << row.slug;
    EXPECT_TRUE(row.explanation.ends_with('.')) << row.slug;
    EXPECT_EQ(row.slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), row.slug.npos) << row.slug;
  }
  std::ranges::sort(slugs);
  EXPECT_EQ(std::ranges::adjacent_find(slugs), slugs.end());
}

TEST(Error, RoundsWaitsUpToWholeSeconds) {
  EXPECT_EQ(round_up(milliseconds(-5)), seconds(1));
  EXPECT_EQ(round_up(milliseconds(0)), seconds(1));
  EXPECT_EQ(round_up(milliseconds(1)), seconds(1));
  EXPECT_EQ(round_up(milliseconds(1000)), seconds(1));
  EXPECT_EQ(round_up(milliseconds(1001)), seconds(2));
  EXPECT_EQ(round_up(milliseconds(3'600'000)), seconds(3600));
}

TEST(Error, IsMadeWithWhatItsCodeNeeds) {
  EXPECT_EQ(not_found().code, Code::not_found);
  EXPECT_EQ(overloaded().code, Code::overloaded);
  EXPECT_TRUE(overloaded().retry_after);
  EXPECT_EQ(too_many_attempts(milliseconds(1500), "wait").code, Code::too_many_attempts);
  EXPECT_EQ(too_many_attempts(milliseconds(1500), "wait").retry_after, seconds(2));
  const Error wrong = invalid_value("#/price", "too large");
  EXPECT_EQ(wrong.code, Code::invalid_value);
  ASSERT_EQ(wrong.fields.size(), 1U);
  EXPECT_EQ(wrong.fields[0].in, FieldError::In::body);
  EXPECT_EQ(wrong.fields[0].where, "#/price");
  EXPECT_EQ(wrong.fields[0].detail, "too large");
}

TEST(Error, KeepsTheCauseOutOfThePublicDetail) {
  const Error error = unavailable("disk I/O error at /secret/path");
  EXPECT_EQ(error.cause, "disk I/O error at /secret/path");
  EXPECT_EQ(error.detail.find("secret"), std::string::npos);
  EXPECT_TRUE(error.retry_after);
}

}  // namespace
}  // namespace integrity
