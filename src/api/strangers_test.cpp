// Requests without a valid token through the whole API, without a socket: what they cost other clients.
#include <gtest/gtest.h>

#include <future>

#include "api/api.hpp"
#include "auth/accounts_fixture.hpp"
#include "base/json.hpp"

namespace integrity::api {
namespace {

class CountingStore final : public store::Store {
 public:
  explicit CountingStore(store::Store& store) : store_(store) {}
  std::unique_ptr<store::ReadTx> read() override { return store_.read(); }
  std::optional<model::Session> session(const SessionId& id) override { return store_.session(id); }
  std::shared_ptr<const model::ApiKey> api_key(const model::Digest& hash) override { return store_.api_key(hash); }
  void submit(std::unique_ptr<store::Job> job) override {
    ++writes;
    store_.submit(std::move(job));
  }
  std::atomic<int> writes = 0;

 private:
  store::Store& store_;
};

struct Sent {
  http::Method method = http::Method::post;
  std::string path, body = {}, token = {};
};

class TestExchange final : public http::Exchange {
 public:
  explicit TestExchange(Sent sent) : sent_(std::move(sent)), bearer_("Bearer " + sent_.token) {
    request_.method = sent_.method;
    request_.path = sent_.path;
    request_.request_id = "test";
    request_.peer = *http::Address::parse("198.51.100.7");
    request_.headers = {{"Host", "localhost"}};
    if (!sent_.token.empty()) request_.headers.push_back({"Authorization", bearer_});
    if (sent_.body.empty()) return;
    request_.has_body = true;
    request_.headers.push_back({"Content-Type", "application/json"});
  }
  const http::Request& request() const override { return request_; }
  bool gone() const noexcept override { return false; }
  void go_on(std::size_t) override {
    request_.body = sent_.body;
    went_on = true;
  }
  void reply(http::Reply reply) override {
    answered = true;
    reply_.set_value(std::move(reply));
  }
  http::Reply answer() { return reply_.get_future().get(); }
  bool went_on = false;
  std::atomic<bool> answered = false;

 private:
  const Sent sent_;
  const std::string bearer_;
  http::Request request_;
  std::promise<http::Reply> reply_;
};

struct Fixture : auth::AccountsFixture {
  Fixture() {
    accounts.emplace(
        *store, clock, random, random.secret(32), random.secret(32),
        auth::AccountRules{.bcrypt_cost = 4, .login_rate_limit = {1e6, 1e6}, .signup_rate_limit = {1, 0.1}});
  }
  http::Reply send(const Sent& sent) {
    const auto exchange = std::make_shared<TestExchange>(sent);
    api.admit(exchange);
    if (exchange->went_on) api.serve(exchange);
    return exchange->answer();
  }
  http::Reply verify(const std::string& body) { return send({.path = "/verify-2fa", .body = body}); }
  std::string with(const std::string& challenge, const std::string& code) {
    return R"({"challenge":)" + json::quoted(challenge) + R"(,"code":)" + json::quoted(code) + "}";
  }

  CountingStore counting{*store};
  FairPool hash_pool{{.threads = 1}}, search_pool{{.threads = 1}};
  catalog::Catalog catalog{random, clock, {}};
  Services services{.store = counting,
                    .accounts = *accounts,
                    .authenticator = *authenticator,
                    .tokens = tokens,
                    .hash_pool = hash_pool,
                    .search_pool = search_pool,
                    .store_pool = nullptr,
                    .catalog = catalog,
                    .clock = clock,
                    .random = random,
                    .cursor_key = Secret(std::string_view("0123456789abcdef0123456789abcdef")),
                    .trusted_proxies = {},
                    .cors_origins = {}};
  Api api{services};
};
using Strangers = Fixture;

TEST_F(Strangers, CauseNoWriteAtTheSecondStep) {
  enrol();
  const auto dead = log_in()->challenge;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(verify(with(dead, wrong_code())).status, 401);
  EXPECT_EQ(counting.writes, 5) << "attempts with a live challenge are counted by writes";
  counting.writes = 0;
  const auto expected = verify(with("junk", "123456"));
  EXPECT_EQ(expected.status, 401);
  for (const auto& body :
       {std::string(R"({"code":"123456"})"), with(dead, code()), with("", "123456"),
        R"({"challenge":)" + json::quoted(log_in()->challenge) + R"(,"code":"123456","username":"bob"})"}) {
    const auto reply = verify(body);
    EXPECT_EQ(reply.status, 401) << body;
    EXPECT_EQ(reply.body, expected.body) << "all get the same bytes";
  }
  EXPECT_EQ(counting.writes, 0);
  EXPECT_EQ(verify(with(log_in()->challenge, code())).status, 200) << "the owner can log in";
  EXPECT_EQ(counting.writes, 1);
}

TEST_F(Strangers, CauseNoWriteElsewhere) {
  enrol();
  using enum http::Method;
  for (const auto& [method, path, body, token] : {
           Sent{get, "/generate-2fa/ada", "", "junk"},
           Sent{post, "/logout", "", "junk"},
           Sent{post, "/products", "{}", "junk"},
           Sent{post, "/me/totp", R"({"code":"123456"})", "junk"},
           Sent{post, "/login", R"({"username":"ada","password":"wrong horse"})", ""},
           Sent{post, "/login", R"({"username":"nobody","password":"wrong horse"})", ""},
           Sent{post, "/signup", R"({"username":"ada","password":"correct horse battery"})", ""},
       }) {
    EXPECT_GE(send({method, path, body, token}).status, 401) << path;
  }
  EXPECT_EQ(counting.writes, 0);
}

// The password of a bad sign-up is checked on the hashing pool. Without the rate limit, strangers could fill that pool.
TEST_F(Strangers, AreLimitedInSignUpsWhosePasswordIsChecked) {
  const Sent bad{.path = "/signup", .body = R"({"username":"?","password":"password1"})"};
  const auto checked = send(bad);
  EXPECT_EQ(checked.status, 422);
  EXPECT_NE(checked.body.find("#/password"), std::string::npos);
  EXPECT_NE(checked.body.find("#/username"), std::string::npos);
  EXPECT_EQ(send(bad).status, 429) << "the limit is one";
  const Sent nothing_to_check{.path = "/signup", .body = R"({"username":"?","password":"short"})"};
  EXPECT_EQ(send(nothing_to_check).status, 422) << "does not count";
}

// An I/O thread that makes pictures stops everybody whose connections are on it.
TEST_F(Strangers, HaveTheirPicturesMadeOnThePool) {
  const auto challenge = accounts->sign_in.sign_up("ada", {}, password(), {}, home)->challenge;
  std::promise<void> over;
  ASSERT_TRUE(search_pool.submit({"somebody else", "somebody else"}, {[&] { over.get_future().wait(); }, [] {}}));
  const auto exchange = std::make_shared<TestExchange>(Sent{http::Method::get, "/generate-2fa/ada", "", challenge});
  api.admit(exchange);
  api.serve(exchange);
  EXPECT_FALSE(exchange->answered);
  over.set_value();
  const auto reply = exchange->answer();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "image/png");
}

std::string challenge_of(const http::Reply& reply) {
  for (const auto& [name, value] : reply.headers) {
    if (name == "WWW-Authenticate") return value;
  }
  return {};
}

// RFC 6750 §3.1. An unknown session, a forged token and a disabled account get the same error, which shows nothing that
// only the server knows.
TEST_F(Strangers, LearnWhatIsWrongWithATokenOnlyFromTheToken) {
  enrol();
  const auto verified = verify_code(log_in()->challenge, code());
  ASSERT_TRUE(verified);
  const auto token = [&](const SessionId& session, std::int64_t issued_at) {
    return tokens.issue({.user = verified->user.id,
                         .session = session,
                         .token_id = "one",
                         .issued_at = issued_at,
                         .expires_at = issued_at + auth::token_life.count()});
  };
  const auto now = to_seconds(clock.now());
  const auto me = [&](const std::string& sent) { return send({http::Method::get, "/me", "", sent}); };
  EXPECT_EQ(challenge_of(me("")), "Bearer");
  EXPECT_EQ(challenge_of(me("junk")), R"(Bearer error="invalid_token", error_description="malformed")");
  const auto expired = me(token(verified->session.id, now - 600));
  EXPECT_EQ(challenge_of(expired), R"(Bearer error="invalid_token", error_description="expired")");
  const auto ahead = me(token(verified->session.id, now + 61));
  EXPECT_EQ(challenge_of(ahead), R"(Bearer error="invalid_token", error_description="issued in the future")");
  EXPECT_NE(ahead.body.find("clock"), std::string::npos) << ahead.body;

  const auto unknown = me(token(SessionId{}, now));
  EXPECT_EQ(challenge_of(unknown), R"(Bearer error="invalid_token", error_description="not accepted")");
  const auto good = token(verified->session.id, now), other = token(SessionId{}, now);
  EXPECT_EQ(me(good.substr(0, good.rfind('.')) + other.substr(other.rfind('.'))).body, unknown.body) << "forged";
  EXPECT_EQ(me(good).status, 200);
  ASSERT_TRUE(accounts->host.disable("ada"));
  const auto disabled = me(good);
  EXPECT_EQ(disabled.body, unknown.body);
  EXPECT_EQ(challenge_of(disabled), challenge_of(unknown));
}

}  // namespace
}  // namespace integrity::api
