#include "app/command_line.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace integrity::app {
namespace {

std::variant<CommandLine, int> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "integrity");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

TEST(CommandLine, GivesTheVerbItsOperandAndItsFlags) {
  const auto parsed = parse({"user", "reset-2fa", "ada", "--data", "/srv/integrity"});
  const auto& line = std::get<CommandLine>(parsed);
  EXPECT_EQ(line.verb, Verb::user_reset_2fa);
  EXPECT_EQ(line.name, "ada");
  EXPECT_EQ(line.flags, (Flags{{"data", "/srv/integrity"}}));
}

TEST(CommandLine, TakesEveryOptionOfTheTableForTheServer) {
  for (const Option& option : all_options()) {
    const std::string flag = "--" + std::string(option.name);
    const auto parsed = option.value.empty() ? parse({"serve", flag.c_str()}) : parse({"serve", flag.c_str(), "x"});
    ASSERT_TRUE(std::holds_alternative<CommandLine>(parsed)) << flag;
    EXPECT_EQ(std::get<CommandLine>(parsed).flags,
              (Flags{{std::string(option.name), option.value.empty() ? "true" : "x"}}));
  }
}

TEST(CommandLine, ImportsOnlyWithApply) {
  const auto plain = parse({"import-flask", "mongodb://db1/shop"});
  const auto& report = std::get<CommandLine>(plain);
  EXPECT_EQ(report.verb, Verb::import_flask);
  EXPECT_EQ(report.name, "mongodb://db1/shop");
  EXPECT_FALSE(report.import_options.apply);
  EXPECT_EQ(report.import_options.factors, "keep");
  const auto all = parse({"import-flask", "mongodb://db1/shop", "--apply", "--factors", "reenrol", "--rename", "names",
                          "--prehashed", "sha256-hex"});
  const auto& asked = std::get<CommandLine>(all).import_options;
  EXPECT_TRUE(asked.apply);
  EXPECT_EQ(asked.factors, "reenrol");
  EXPECT_EQ(asked.prehashed, "sha256-hex");
  EXPECT_EQ(asked.rename, "names");
}

TEST(CommandLine, ExplainsEveryVerbWithStatus0) {
  const std::vector<std::vector<const char*>> cases = {
      {"--help"},
      {"--version"},
      {"serve", "--help"},
      {"config", "--help"},
      {"user", "--help"},
      {"user", "add", "--help"},
      {"user", "list", "--help"},
      {"user", "set-password", "--help"},
      {"user", "remove", "--help"},
      {"import-flask", "--help"},
      {"migrate", "--help"},
  };
  for (const auto& words : cases) {
    ::testing::internal::CaptureStdout();
    const auto parsed = parse(words);
    EXPECT_FALSE(::testing::internal::GetCapturedStdout().empty());
    EXPECT_EQ(std::get<int>(parsed), 0);
  }
}

TEST(CommandLine, SuggestsTheNearestOptionOrCommandInOneLine) {
  const struct {
    std::vector<const char*> words;
    const char* said;
  } cases[] = {
      {{"serve", "--lisen", "127.0.0.1:1"}, "integrity serve: unknown: --lisen; did you mean --listen?"},
      {{"serve", "--bcryptcost=12"}, "integrity serve: unknown: --bcryptcost; did you mean --bcrypt-cost?"},
      {{"user", "add", "ada", "--isuer", "x"}, "integrity user add: unknown: --isuer; did you mean --issuer?"},
      {{"sevre"}, "integrity: unknown: sevre; did you mean serve?"},
      {{"user", "lst"}, "integrity user: unknown: lst; did you mean list?"},
      {{"serve", "--no-2fa"}, "integrity serve: unknown: --no-2fa; see `integrity serve --help`"},
      {{"user", "list", "ada"}, "integrity user list: unknown: ada; see `integrity user list --help`"},
  };
  for (const auto& c : cases) {
    ::testing::internal::CaptureStderr();
    parse(c.words);
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), std::string(c.said) + "\n");
  }
}

TEST(CommandLine, ListsOnlyTheOptionsOfTheCommandInItsHelp) {
  const auto help = [](std::vector<const char*> words) {
    words.push_back("--help");
    ::testing::internal::CaptureStdout();
    parse(words);
    return ::testing::internal::GetCapturedStdout();
  };
  const struct {
    std::vector<const char*> words;
    const char *has, *has_not;
  } cases[] = {
      {{"user", "list"}, "--data", "--issuer"},         {{"user", "disable"}, "--data", "--bcrypt-cost"},
      {{"user", "add"}, "--bcrypt-cost", "--currency"}, {{"user", "set-password"}, "--issuer", "JWT_SECRET_KEY"},
      {{"key", "accept"}, "--keys", "--bcrypt-cost"},   {{"import-flask"}, "--currency", "--bcrypt-cost"},
      {{"serve"}, "JWT_SECRET_KEY", "--apply"},         {{"user", "remove"}, "--store", "--currency"},
  };
  for (const auto& c : cases) {
    const std::string said = help(c.words);
    EXPECT_NE(said.find(c.has), std::string::npos) << said;
    EXPECT_EQ(said.find(c.has_not), std::string::npos) << said;
  }
}

TEST(CommandLine, NamesWhatIsUnknownOrMissingWithStatus2) {
  const struct {
    std::vector<const char*> words;
    const char* named;
  } cases[] = {
      {{}, "subcommand"},
      {{"server"}, "server"},
      {{"user"}, "subcommand"},
      {{"serve", "--no-2fa"}, "--no-2fa"},
      {{"serve", "--listen"}, "--listen"},
      {{"serve", "--data", "a", "--data", "b"}, "--data"},
      {{"user", "add"}, "NAME"},
      {{"user", "add", "ada", "--listen", "127.0.0.1:1"}, "--listen"},
      {{"user", "list", "ada"}, "ada"},
      {{"import-flask"}, "MONGO_URI"},
      {{"import-flask", "mongodb://db1/shop", "--factors", "none"}, "--factors"},
      {{"import-flask", "mongodb://db1/shop", "--prehashed", "md5"}, "--prehashed"},
      {{"user", "list", "--apply"}, "--apply"},
      {{"migrate"}, "--from"},
  };
  for (const auto& c : cases) {
    ::testing::internal::CaptureStderr();
    const auto parsed = parse(c.words);
    EXPECT_NE(::testing::internal::GetCapturedStderr().find(c.named), std::string::npos) << c.named;
    ASSERT_TRUE(std::holds_alternative<int>(parsed)) << c.named;
    EXPECT_EQ(std::get<int>(parsed), 2) << c.named;
  }
}

}  // namespace
}  // namespace integrity::app
