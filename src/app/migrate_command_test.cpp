#include "app/migrate_command.hpp"

#include <gtest/gtest.h>

#include "testing/folder.hpp"

namespace integrity::app {
namespace {

TEST(StoreAddress, IsAFolderHoweverItIsWritten) {
  const test::TempFolder folder;
  std::filesystem::create_directory(folder / "data");
  test::write_file(folder / "data" / "integrity.db", "");
  const auto path = std::filesystem::canonical(folder / "data");
  const std::string plain = path.string();
  for (const std::string& text :
       {plain, plain + "/", plain + "/integrity.db", "sqlite:" + plain, "sqlite://" + plain, "file:" + plain,
        "file://" + plain + "/integrity.db", plain + "/../data", plain + "/."}) {
    const auto address = parse_store_address(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->folder, path) << text;
    EXPECT_EQ(address->mongo_uri, "");
  }
  EXPECT_EQ(parse_store_address(plain + "/none/integrity.db")->folder, path / "none");
}

TEST(StoreAddress, IsAMongoDBURI) {
  for (const std::string text : {"mongodb://a,b/shop?replicaSet=rs0", "mongodb+srv://db.example.net/shop"}) {
    EXPECT_EQ(parse_store_address(text)->mongo_uri, text);
  }
}

TEST(StoreAddress, IsNothingElse) {
  const test::TempFolder folder;
  test::write_file(folder / "other.db", "");
  for (const std::string& text : {std::string(), std::string("file://"), std::string("postgres://ada:hunter2@a/b"),
                                  (folder / "other.db").string()}) {
    const auto address = parse_store_address(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_EQ(address.error().detail.find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace integrity::app
