#include "app/keys.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "app/test_folder.hpp"

namespace integrity::app {
namespace {

class KeyFiles : public ::testing::Test {
 protected:
  Result<Keys> load() { return load_keys(keys, !std::filesystem::exists(database), random); }

  TestFolder folder;
  std::filesystem::path keys = folder / "keys", database = folder / "integrity.db";
  SystemRandom random;
};

constexpr const char* kNames[] = {"password.key", "secrets.key", "token.key"};

TEST_F(KeyFiles, AreMadeOnFirstStartForTheOwnerOnly) {
  const auto made = load();
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->password.reveal().size(), 32U);
  EXPECT_EQ(made->secrets.reveal().size(), 32U);
  EXPECT_EQ(mode_of(keys), 0700U);
  for (const char* name : kNames) EXPECT_EQ(mode_of(keys / name), 0600U) << name;
  EXPECT_EQ(read_file(keys / "password.key"), to_hex(made->password.reveal()) + "\n");
  EXPECT_EQ(read_file(keys / "secrets.key"), to_hex(made->secrets.reveal()) + "\n");
  EXPECT_EQ(read_file(keys / "token.key").find("-----BEGIN PRIVATE KEY-----\n"), 0U);
  EXPECT_NE(read_file(keys / "password.key"), read_file(keys / "secrets.key"));
  const auto files = std::distance(std::filesystem::directory_iterator(keys), {});
  EXPECT_EQ(files, 3) << "a temporary file was left behind";
}

TEST_F(KeyFiles, StayTheSameAfterwards) {
  const auto first = load();
  write_file(database, "");
  const auto second = load();
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(equal_in_constant_time(first->password.reveal(), second->password.reveal()));
  EXPECT_TRUE(equal_in_constant_time(first->secrets.reveal(), second->secrets.reveal()));
  EXPECT_EQ(first->token.public_point().x, second->token.public_point().x);
}

TEST_F(KeyFiles, OfAFirstStartThatWasCutShortAreKept) {
  ASSERT_TRUE(load());
  const std::string made = read_file(keys / "password.key");
  std::filesystem::remove(keys / "token.key");
  ASSERT_TRUE(load());
  EXPECT_EQ(read_file(keys / "password.key"), made);
}

TEST_F(KeyFiles, MissingBesideADatabaseAreAnErrorAndNeverMadeAnew) {
  for (const char* name : kNames) {
    std::filesystem::remove(database);
    ASSERT_TRUE(load());
    write_file(database, "");
    std::filesystem::remove(keys / name);
    const auto refused = load();
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().detail.find((keys / name).string()), 0U) << refused.error().detail;
    EXPECT_FALSE(std::filesystem::exists(keys / name));
  }
}

TEST_F(KeyFiles, FolderMissingBesideADatabaseIsAnErrorToo) {
  write_file(database, "");
  const auto refused = load();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail.find(keys.string()), 0U);
  EXPECT_FALSE(std::filesystem::exists(keys));
}

TEST_F(KeyFiles, ThatAreDamagedAreNamed) {
  const std::string hex(64, 'a');
  const struct {
    const char *name, *content;
  } cases[] = {
      {"password.key", ""},
      {"password.key", "0123456789abcdef\n"},
      {"secrets.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"},
      {"secrets.key", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\n"},
      {"token.key", ""},
      {"token.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"},
  };
  for (const auto& c : cases) {
    std::filesystem::remove_all(keys);
    ASSERT_TRUE(load());
    write_file(keys / c.name, c.content);
    const auto refused = load();
    ASSERT_FALSE(refused) << c.name << " " << c.content;
    EXPECT_EQ(refused.error().detail.find((keys / c.name).string()), 0U) << refused.error().detail;
    EXPECT_EQ(read_file(keys / c.name), c.content) << "was overwritten";
  }
}

TEST_F(KeyFiles, OpenToOthersAreTightened) {
  ASSERT_TRUE(load());
  ASSERT_EQ(::chmod(keys.c_str(), 0755), 0);
  for (const char* name : kNames) ASSERT_EQ(::chmod((keys / name).c_str(), 0644), 0);
  ASSERT_TRUE(load());
  EXPECT_EQ(mode_of(keys), 0700U);
  for (const char* name : kNames) EXPECT_EQ(mode_of(keys / name), 0600U) << name;
}

}  // namespace
}  // namespace integrity::app
