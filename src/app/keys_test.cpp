#include "app/keys.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "app/file.hpp"
#include "testing/folder.hpp"

namespace integrity::app {
namespace {

class KeyFiles : public ::testing::Test {
 protected:
  Result<Keys> load() { return load_keys(keys, !std::filesystem::exists(database), random); }

  test::TempFolder folder;
  std::filesystem::path keys = folder / "keys", database = folder / "integrity.db";
  SystemRandom random;
};

constexpr const char* kNames[] = {"password.key", "secrets.key", "token.key"};

TEST_F(KeyFiles, AreMadeOnFirstStartForTheOwnerOnly) {
  const auto made = load();
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->password.reveal().size(), 32U);
  EXPECT_EQ(made->secrets.reveal().size(), 32U);
  EXPECT_EQ(test::mode_of(keys), 0700U);
  for (const char* name : kNames) EXPECT_EQ(test::mode_of(keys / name), 0600U) << name;
  EXPECT_EQ(test::read_file(keys / "password.key"), to_hex(made->password.reveal()) + "\n");
  EXPECT_EQ(test::read_file(keys / "secrets.key"), to_hex(made->secrets.reveal()) + "\n");
  EXPECT_EQ(test::read_file(keys / "token.key").find("-----BEGIN PRIVATE KEY-----\n"), 0U);
  EXPECT_NE(test::read_file(keys / "password.key"), test::read_file(keys / "secrets.key"));
  const auto files = std::distance(std::filesystem::directory_iterator(keys), {});
  EXPECT_EQ(files, 3) << "a temporary file was left behind";
}

TEST_F(KeyFiles, StayTheSameAfterwards) {
  const auto first = load();
  test::write_file(database, "");
  const auto second = load();
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(equal_in_constant_time(first->password.reveal(), second->password.reveal()));
  EXPECT_TRUE(equal_in_constant_time(first->secrets.reveal(), second->secrets.reveal()));
  EXPECT_EQ(first->token.public_point().x, second->token.public_point().x);
}

TEST_F(KeyFiles, OfAFirstStartThatWasInterruptedAreKept) {
  ASSERT_TRUE(load());
  const std::string made = test::read_file(keys / "password.key");
  std::filesystem::remove(keys / "token.key");
  ASSERT_TRUE(load());
  EXPECT_EQ(test::read_file(keys / "password.key"), made);
}

TEST_F(KeyFiles, MissingWithADatabaseAreAnErrorAndNeverMadeAgain) {
  for (const char* name : kNames) {
    std::filesystem::remove(database);
    ASSERT_TRUE(load());
    test::write_file(database, "");
    std::filesystem::remove(keys / name);
    const auto refused = load();
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().detail.find((keys / name).string()), 0U) << refused.error().detail;
    EXPECT_FALSE(std::filesystem::exists(keys / name));
  }
}

TEST_F(KeyFiles, FolderMissingWithADatabaseIsAnErrorToo) {
  test::write_file(database, "");
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
    test::write_file(keys / c.name, c.content);
    const auto refused = load();
    ASSERT_FALSE(refused) << c.name << " " << c.content;
    EXPECT_EQ(refused.error().detail.find((keys / c.name).string()), 0U) << refused.error().detail;
    EXPECT_EQ(test::read_file(keys / c.name), c.content) << "was overwritten";
  }
}

TEST_F(KeyFiles, OpenToOthersAreTightened) {
  ASSERT_TRUE(load());
  ASSERT_EQ(::chmod(keys.c_str(), 0755), 0);
  for (const char* name : kNames) ASSERT_EQ(::chmod((keys / name).c_str(), 0644), 0);
  ASSERT_TRUE(load());
  EXPECT_EQ(test::mode_of(keys), 0700U);
  for (const char* name : kNames) EXPECT_EQ(test::mode_of(keys / name), 0600U) << name;
}

// Kubernetes mounts a secret as links: token.key -> ..data/token.key, ..data -> ..2026_11_29_19_00_00.1.
TEST_F(KeyFiles, MayBeLinksAsKubernetesMakesThem) {
  ASSERT_TRUE(load());
  test::write_file(database, "");
  std::filesystem::create_directory(keys / "..1");
  std::filesystem::create_directory_symlink("..1", keys / "..data");
  for (const char* name : kNames) {
    std::filesystem::rename(keys / name, keys / "..1" / name);
    std::filesystem::create_symlink(std::filesystem::path("..data") / name, keys / name);
  }
  const auto loaded = load();
  EXPECT_TRUE(loaded) << loaded.error().detail;
}

TEST_F(KeyFiles, KeepAModeThatIsTighter) {
  ASSERT_TRUE(load());
  test::write_file(database, "");
  for (const char* name : kNames) ASSERT_EQ(::chmod((keys / name).c_str(), 0440), 0);
  ASSERT_TRUE(load());
  for (const char* name : kNames) EXPECT_EQ(test::mode_of(keys / name), 0400U) << "no right to write was added";
}

// A mounted secret was refused because its mode cannot be changed, although nobody else could read it.
TEST(OthersWhoMay, ReadAFileWhoseModeCannotBeReduced) {
  constexpr gid_t kOwn = 1000, kAlsoOwn = 2000, kForeign = 3000;
  const struct {
    unsigned mode;
    gid_t group;
    const char* who;
  } cases[] = {
      {0400, kForeign, ""},
      {0440, 0, ""},
      {0440, kOwn, ""},
      {0440, kAlsoOwn, ""},
      {0640, kOwn, ""},
      {0440, kForeign, "group 3000"},
      {0444, 0, "everybody"},
      {0444, kOwn, "everybody"},
      {0404, kOwn, "everybody"},
      {0420, kForeign, ""},
      {0440, kForeign, "group 3000"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(others_who_may(04, c.mode, c.group, {kOwn, kAlsoOwn}), c.who) << std::oct << c.mode << ' ' << c.group;
  }
  EXPECT_EQ(others_who_may(02, 0755, kForeign, {kOwn}), "") << "a folder that others may list but not write to";
  EXPECT_EQ(others_who_may(02, 01777, 0, {kOwn}), "everybody");
}

TEST(SecretFile, IsWholeOrRefused) {
  const test::TempFolder folder;
  test::write_file(folder / "most", std::string(64 * 1024, 'x'));
  const auto most = read_secret_as_it_is(folder / "most");
  ASSERT_TRUE(most);
  EXPECT_EQ(most->reveal().size(), 64U * 1024);
  test::write_file(folder / "more", std::string(64 * 1024 + 1, 'x'));
  const auto more = read_secret_file(folder / "more");
  ASSERT_FALSE(more);
  EXPECT_NE(more.error().detail.find("more: is too large"), std::string::npos) << more.error().detail;
}

TEST(SecretFile, IsAFile) {
  const test::TempFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const auto& [path, what] : {std::pair(folder / "pipe", "pipe: is a device, a pipe or a socket; name a file"),
                                   {folder.path(), ": is a folder; name a file"}}) {
    const auto refused = read_secret_file(path);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().detail.find(what), std::string::npos) << refused.error().detail;
  }
}

}  // namespace
}  // namespace integrity::app
