#include "app/host.hpp"

#include <gtest/gtest.h>

#include "store/mongo/test_databases.hpp"
#include "testing/folder.hpp"

namespace integrity::app {
namespace {

// A node keeps running while the operator makes another one accept another key.
TEST(Host, SeesThatAnotherKeyWasAccepted) {
  if (store::mongo::test_server().empty()) GTEST_SKIP() << "INTEGRITY_TEST_MONGO_URI is not set";
  const test::TempFolder folder;
  Config config;
  config.mongo_uri = store::mongo::test_database(folder.path().filename().string());
  config.keys = folder / "keys";
  config.bcrypt_cost = 10;
  const auto node = std::move(Host::open(config)).value();
  EXPECT_TRUE(node->expect_keys());

  Config other = Config();
  other.mongo_uri = config.mongo_uri;
  other.keys = folder / "other";
  other.bcrypt_cost = 10;
  std::filesystem::copy(config.keys, other.keys);
  std::filesystem::remove(other.keys / key_file::secrets);
  ASSERT_TRUE(Host::open(other, key_file::secrets));

  const auto seen = node->expect_keys();
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Code::precondition_failed);
  const std::string key = (config.keys / key_file::secrets).string();
  EXPECT_TRUE(seen.error().detail.starts_with(key + ": is not the key")) << seen.error().detail;
}

}  // namespace
}  // namespace integrity::app
