#include "api/idempotency.hpp"

#include <gtest/gtest.h>

#include "model/lifetime.hpp"
#include "store/contract/store_contract.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::api {
namespace {

constexpr UserId kAda{{1}}, kBob{{2}};

TEST(RunningKeys, AreClaimedByOneAtATime) {
  RunningKeys keys;
  std::optional<RunningKeys::Claim> first = keys.claim(kAda, {1});
  ASSERT_TRUE(first);
  EXPECT_FALSE(keys.claim(kAda, {1}));
  EXPECT_TRUE(keys.claim(kAda, {2}));
  EXPECT_TRUE(keys.claim(kBob, {1}));
  {
    const auto moved = std::move(*first);
    EXPECT_FALSE(keys.claim(kAda, {1})) << "a moved claim is still held";
  }
  EXPECT_TRUE(keys.claim(kAda, {1})) << "a destroyed claim is released";
}

struct HeaderCase {
  std::vector<http::Header> headers;
  std::optional<std::string> key;
  bool refused;
};

TEST(IdempotencyKeyHeader, IsOneOrNone) {
  for (const auto& [headers, key, refused] : {
           HeaderCase{{}, {}, false},
           HeaderCase{{{"Idempotency-Key", "k"}}, "k", false},
           HeaderCase{{{"idempotency-KEY", "\"k\""}}, "k", false},
           HeaderCase{{{"Idempotency-Key", ""}}, {}, true},
           HeaderCase{{{"Idempotency-Key", "k"}, {"Idempotency-Key", "k"}}, {}, true},
       }) {
    http::Request request;
    request.headers = headers;
    const auto read = idempotency_key(request);
    ASSERT_EQ(read.has_value(), !refused);
    EXPECT_EQ(read.value_or(std::nullopt), key);
  }
}

TEST(Keyed, ComparesOperationParametersAndKey) {
  const auto key = [](std::string_view operation, const std::vector<std::string>& parameters, const std::string& name) {
    return keyed(operation, parameters, kAda, name, "{}").key;
  };
  EXPECT_EQ(key("moveStock", {"abc"}, "k"), key("moveStock", {"abc"}, "k"));
  EXPECT_NE(key("moveStock", {"abc"}, "k"), key("moveStock", {"abd"}, "k"));
  EXPECT_NE(key("moveStock", {"abc"}, "k"), key("createProduct", {"abc"}, "k"));
  EXPECT_NE(key("moveStock", {"abc"}, "k"), key("moveStock", {"abc"}, "K"));
  EXPECT_NE(key("moveStock", {"ab"}, "ck"), key("moveStock", {"abc"}, "k")) << "the parts are delimited";
}

class Once : public testing::Test {
 protected:
  Result<http::Reply> send(const KeyedRequest& request, const store::WriteFunction<http::Reply>& change) {
    return store_->write(once(request, clock_.now(), change));
  }
  Result<http::Reply> send(const KeyedRequest& request) {
    return send(request, [this](store::WriteTx&) -> Result<http::Reply> {
      ++changes_;
      http::Reply reply;
      reply.status = 201;
      reply.body = R"({"number":)" + std::to_string(changes_) + '}';
      reply.with("Location", "/things/1").with("ETag", "\"1\"");
      return reply;
    });
  }

  const store::TempFolder folder_;
  store::ManualClock clock_;
  std::unique_ptr<store::Store> store_ =
      store::sqlite::open_sqlite({.file = folder_.path() / "integrity.db", .clock = &clock_});
  int changes_ = 0;
  KeyedRequest request_{.user = kAda, .key = {1}, .body = {1}};
};

TEST_F(Once, TheSecondRequestGetsTheFirstResponseAndChangesNothing) {
  const auto first = send(request_), second = send(request_);
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(changes_, 1);
  EXPECT_EQ(second->status, 201);
  EXPECT_EQ(second->body, first->body);
  auto headers = first->headers;
  headers.emplace_back("Idempotency-Replayed", "true");
  EXPECT_EQ(second->headers, headers);
}

TEST_F(Once, AnotherBodyWithTheSameKeyIsRefused) {
  ASSERT_TRUE(send(request_).has_value());
  auto other = request_;
  other.body = {2};
  EXPECT_EQ(send(other).error().code, Code::idempotency_key_reused);
  EXPECT_EQ(changes_, 1);
}

TEST_F(Once, AnErrorLeavesTheKeyUnused) {
  const auto refused =
      send(request_, [](store::WriteTx&) -> Result<http::Reply> { return Error{Code::insufficient_stock}; });
  EXPECT_EQ(refused.error().code, Code::insufficient_stock);
  EXPECT_TRUE(send(request_).has_value());
  EXPECT_EQ(changes_, 1);
}

TEST_F(Once, AKeyExpiresAfterADayAndTheSweepRemovesIt) {
  for (std::uint8_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(send({.user = kAda, .key = {i}, .body = {}}).has_value());
  }
  clock_.move(model::stored_response_life);
  sweep_stored_responses(*store_);
  const auto left =
      store_->write([](store::WriteTx& tx) -> Result<std::size_t> { return tx.remove_expired_responses(10); });
  EXPECT_EQ(*left, 0U);
  EXPECT_TRUE(send({.user = kAda, .key = {0}, .body = {}}).has_value());
  EXPECT_EQ(changes_, 4);
}

TEST_F(Once, AUserWithTooManyStoredResponsesIsRefusedBeforeTheChange) {
  const auto fill = [&](store::WriteTx& tx) -> Result<bool> {
    for (std::size_t i = 0; i < stored_responses_max; ++i) {
      const model::ResponseKey key{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8), 1};
      INTEGRITY_CHECK(tx.store_response(
          kAda, key, {.status = 201, .expires_at = clock_.now() + model::stored_response_life}, stored_responses_max));
    }
    return true;
  };
  ASSERT_TRUE(store_->write(fill).has_value());
  clock_.move(std::chrono::minutes(1));
  const auto refused = send(request_);
  EXPECT_EQ(refused.error().code, Code::too_many_attempts);
  EXPECT_EQ(refused.error().retry_after, std::chrono::hours(24) - std::chrono::minutes(1));
  EXPECT_EQ(changes_, 0);
  EXPECT_TRUE(send({.user = kBob, .key = {1}, .body = {1}}).has_value());
}

TEST_F(Once, AResponseThatCannotBeStoredIsAnInternalErrorAndUndone) {
  const auto with = [&](const std::function<void(http::Reply&)>& edit) {
    return send(request_, [edit](store::WriteTx&) -> Result<http::Reply> {
      http::Reply reply;
      reply.status = 201;
      edit(reply);
      return reply;
    });
  };
  for (const auto& edit : std::vector<std::function<void(http::Reply&)>>{
           [](http::Reply& reply) { reply.with("X-Unknown", "1"); },
           [](http::Reply& reply) { reply.content_type = "text/html"; },
           [](http::Reply& reply) { reply.stream = [](std::string&) { return false; }; }}) {
    EXPECT_EQ(with(edit).error().code, Code::internal);
  }
  EXPECT_TRUE(send(request_).has_value());
}

}  // namespace
}  // namespace integrity::api
