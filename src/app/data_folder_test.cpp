#include "app/data_folder.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "testing/folder.hpp"

namespace integrity::app {
namespace {

TEST(DataFolder, IsMadeForItsOwnerOnly) {
  const test::TempFolder folder;
  ASSERT_TRUE(DataFolder::open(folder / "a" / "b"));
  EXPECT_EQ(test::mode_of(folder / "a" / "b"), 0700U);
  EXPECT_EQ(test::mode_of(folder / "a" / "b" / "lock"), 0600U);
}

TEST(DataFolder, IsHeldByOneAtATime) {
  const test::TempFolder folder;
  {
    const auto first = DataFolder::open(folder.path());
    ASSERT_TRUE(first);
    const auto second = DataFolder::open(folder.path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().detail, folder.path().string() + " is in use by process " + std::to_string(::getpid()) +
                                         "; stop that first, or name another folder with --data");
  }
  EXPECT_TRUE(DataFolder::open(folder.path()));
}

TEST(DataFolder, IsHeldEvenIfTheLockFileWasRemoved) {
  const test::TempFolder folder;
  const auto first = DataFolder::open(folder.path());
  ASSERT_TRUE(first);
  std::filesystem::remove(folder / "lock");
  const auto second = DataFolder::open(folder.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::overloaded);
  EXPECT_FALSE(std::filesystem::exists(folder / "lock")) << "the second one made nothing";
}

TEST(DataFolder, SaysWhyItCannotBeUsed) {
  const test::TempFolder folder;
  test::write_file(folder / "file", "");
  const auto taken = DataFolder::open(folder / "file");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().detail.find((folder / "file").string()), 0U) << taken.error().detail;
}

}  // namespace
}  // namespace integrity::app
