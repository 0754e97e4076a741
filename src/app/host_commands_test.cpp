#include "app/host_commands.hpp"

#include <gtest/gtest.h>

#include "app/host.hpp"
#include "auth/totp.hpp"
#include "base/json.hpp"
#include "testing/base32.hpp"
#include "testing/folder.hpp"

namespace integrity::app {
namespace {

class HostCommands : public ::testing::Test {
 protected:
  HostCommands() {
    Config config;
    config.data = folder.path();
    config.keys = folder / "keys";
    config.issuer = "Test";
    config.bcrypt_cost = 10;
    config.login_burst = config.signup_burst = 100;
    config.login_rate = config.signup_rate = 100;
    auto opened = Host::open(config);
    if (!opened) throw std::runtime_error(opened.error().detail);
    host = std::move(*opened);
    add_account_acts(acts, host->accounts);
  }

  // The reply as JSON: its `ok`, or its `error`.
  json::Value result_of(std::string_view name, std::initializer_list<Member> with) {
    const auto reply = json::parse(acts.perform(request_for(name, with)).reply);
    if (!reply || reply->items.size() != 1) throw std::runtime_error("a reply has one member");
    return reply->items.front();
  }
  std::string error_of(std::string_view name, std::initializer_list<Member> with) {
    const json::Value error = result_of(name, with);
    const json::Value* code = error.find("code");
    return code == nullptr ? "" : code->text + ": " + error.find("detail")->text;
  }
  json::Value add(const char* name) {
    return result_of("user.add", {{"username", name}, {"password", "tulips in the rain"}});
  }
  std::string code_now(const json::Value& added) {
    const auto secret = test::from_base32(added.find("secret")->text);
    return auth::totp(*secret, host->clock.now());
  }
  model::UserState state_of(const char* name) { return host->store->read()->user_by_name(name)->state; }

  test::TempFolder folder;
  std::unique_ptr<Host> host;
  HostActs acts;
};

TEST_F(HostCommands, AddAUserWhoIsActiveAfterTheFirstRightCode) {
  const json::Value added = add("ada");
  ASSERT_NE(added.find("otpauth_uri"), nullptr);
  EXPECT_EQ(added.find("otpauth_uri")->text.find("otpauth://totp/Test:ada?secret="), 0U);
  EXPECT_EQ(state_of("ada"), model::UserState::pending);

  const std::string challenge = added.find("challenge")->text;
  EXPECT_EQ(error_of("user.confirm", {{"challenge", challenge}, {"code", "12345"}}).find("invalid-value: code"), 0U);
  EXPECT_EQ(state_of("ada"), model::UserState::pending);
  const json::Value confirmed = result_of("user.confirm", {{"challenge", challenge}, {"code", code_now(added)}});
  ASSERT_NE(confirmed.find("recovery_codes"), nullptr);
  EXPECT_EQ(confirmed.find("recovery_codes")->items.size(), 10U);
  EXPECT_EQ(state_of("ada"), model::UserState::active);
}

TEST_F(HostCommands, DisableEnableAndChangeAnAccount) {
  const json::Value admin = add("zoe");  // the first one, and the only admin
  result_of("user.confirm", {{"challenge", admin.find("challenge")->text}, {"code", code_now(admin)}});
  EXPECT_EQ(error_of("user.disable", {{"username", "zoe"}}).find("last-admin: "), 0U);
  const json::Value added = add("ada");
  result_of("user.confirm", {{"challenge", added.find("challenge")->text}, {"code", code_now(added)}});
  EXPECT_EQ(error_of("user.disable", {{"username", "ADA"}}), "");
  EXPECT_EQ(state_of("ada"), model::UserState::disabled);
  EXPECT_EQ(error_of("user.enable", {{"username", "ada"}}), "");
  EXPECT_EQ(state_of("ada"), model::UserState::active);
  const std::string before = host->store->read()->user_by_name("ada")->password_hash;
  EXPECT_EQ(error_of("user.set-password", {{"username", "ada"}, {"password", "roses in the snow"}}), "");
  EXPECT_NE(host->store->read()->user_by_name("ada")->password_hash, before);
  EXPECT_EQ(error_of("user.reset-2fa", {{"username", "ada"}}), "");
  EXPECT_FALSE(host->store->read()->user_by_name("ada")->has_factor());
}

TEST_F(HostCommands, RemoveOnlyAPendingAccount) {
  add("bob");
  add("ada");
  EXPECT_EQ(error_of("user.remove", {{"username", "ADA"}}), "");
  EXPECT_FALSE(host->store->read()->user_by_name("ada"));
  EXPECT_TRUE(host->store->read()->user_by_name("bob"));
  const json::Value added = add("ada");
  result_of("user.confirm", {{"challenge", added.find("challenge")->text}, {"code", code_now(added)}});
  EXPECT_EQ(
      error_of("user.remove", {{"username", "ada"}}).find("already-enrolled: ada: only an account that was never"), 0U);
  EXPECT_EQ(state_of("ada"), model::UserState::active);
  result_of("user.disable", {{"username", "bob"}});
  EXPECT_NE(error_of("user.remove", {{"username", "bob"}}), "");
  EXPECT_EQ(state_of("bob"), model::UserState::disabled);
}

TEST_F(HostCommands, SayWhatIsWrongInTextForTheTerminal) {
  add("ada");
  const struct {
    const char *command, *username, *password, *complaint;
  } cases[] = {
      {"user.add", "a b", "tulips in the rain", "invalid-value: username "},
      {"user.add", "bob", "short", "invalid-value: password "},
      {"user.add", "bob", "password", "weak-password: password "},
      {"user.add", "ADA", "tulips in the rain", "username-taken: "},
      {"user.set-password", "nobody", "tulips in the rain", "not-found: "},
      {"user.set-password", "ada", "short", "invalid-value: password "},
      {"user.promote", "ada", "tulips in the rain", "not-found: this server does not know"},
  };
  for (const auto& c : cases) {
    const auto error = error_of(c.command, {{"username", c.username}, {"password", c.password}});
    EXPECT_EQ(error.find(c.complaint), 0U) << c.command << " " << c.username << ": " << error;
  }
  for (const char* name : {"user.disable", "user.enable", "user.reset-2fa", "user.remove"}) {
    EXPECT_EQ(error_of(name, {{"username", "nobody"}}).find("not-found: "), 0U) << name;
  }
  for (const char* request : {"", "[]", "{}", R"({"act":"user.add"})", "{"}) {
    EXPECT_NE(acts.perform(request).reply.find(R"("code":"bad-request")"), std::string::npos) << request;
  }
}

TEST_F(HostCommands, GiveTheLogTheUserAndTheOutcomeButNoSecret) {
  const auto done = acts.perform(request_for("user.add", {{"username", "ada"}, {"password", "tulips in the rain"}}));
  EXPECT_EQ(done.act, "user.add");
  EXPECT_EQ(done.username, "ada");
  EXPECT_EQ(done.outcome, "done");
  EXPECT_EQ(acts.perform(request_for("user.disable", {{"username", "bob"}})).outcome, "not-found");
}

TEST_F(HostCommands, AreDoneByOneProcessAtATime) {
  Config config;
  config.data = folder.path();
  config.keys = folder / "keys";
  const auto second = Host::open(config);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::overloaded);
}

}  // namespace
}  // namespace integrity::app
