#include "base/new_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "testing/folder.hpp"

namespace integrity {
namespace {

class NewFileTest : public ::testing::Test {
 protected:
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }
  static void fill(const NewFile& file, const std::string& text) {
    ASSERT_EQ(::write(file.file().get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  const test::TempFolder folder_;
  const std::filesystem::path path_ = folder_ / "a.db";
};

TEST_F(NewFileTest, AppearsWhenItIsPublished) {
  auto file = NewFile::create(path_);
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_EQ(file->partial().string().find(path_.string() + ".partial-"), 0U);
  EXPECT_EQ(test::mode_of(file->partial()), 0600U);
  fill(*file, "text");
  EXPECT_FALSE(std::filesystem::exists(path_));
  ASSERT_TRUE(file->publish());
  EXPECT_EQ(test::read_file(path_), "text");
  EXPECT_EQ(test::mode_of(path_), 0600U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(NewFileTest, IsRemovedWhereItIsNotPublished) {
  { ASSERT_TRUE(NewFile::create(path_)); }
  EXPECT_EQ(files(), 0U);
}

TEST_F(NewFileTest, ReplacesNothing) {
  auto file = NewFile::create(path_);
  ASSERT_TRUE(file);
  test::write_file(path_, "precious");
  const auto late = file->publish();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::precondition_failed);
  EXPECT_NE(late.error().detail.find(path_.string() + ": exists"), std::string::npos);
  const auto again = NewFile::create(path_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::precondition_failed);
  EXPECT_EQ(test::read_file(path_), "precious");
}

TEST_F(NewFileTest, OfManyThatRaceOneIsPublished) {
  std::atomic<int> published = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      auto file = NewFile::create(path_);
      if (file && file->publish()) ++published;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(published, 1);
  EXPECT_EQ(files(), 1U);
}

TEST_F(NewFileTest, RemovesWhatAKilledProcessLeftButNotWhatIsInUse) {
  test::write_file(folder_ / "a.db.partial-Xa3kT9", "left");
  test::write_file(folder_ / "a.db.partial-Xa3k", "of another program");
  test::write_file(folder_ / "b.db.partial-Xa3kT9", "of another file");
  const auto first = NewFile::create(path_);
  const auto second = NewFile::create(path_);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a.db.partial-Xa3kT9"));
  EXPECT_TRUE(std::filesystem::exists(first->partial()));
  EXPECT_EQ(files(), 4U);
}

TEST_F(NewFileTest, IsLockedAlthoughAnotherProcessTakesItForALeftover) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> others;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back([&] {
      while (!stop) NewFile::remove_leftovers(folder_.path(), [](std::string_view) { return true; });
    });
  }
  for (int i = 0; i < 2000; ++i) {
    const auto file = NewFile::create(path_);
    EXPECT_TRUE(file);
    if (!file) break;
    const int fd = ::open(file->partial().c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_GE(fd, 0) << "it was removed";
    EXPECT_NE(::flock(fd, LOCK_EX | LOCK_NB), 0) << "it is not locked";
    ::close(fd);
    if (HasFailure()) break;
  }
  stop = true;
  for (auto& other : others) other.join();
}

TEST_F(NewFileTest, IsNotPublishedWhereItsNameLeadsToAnotherFile) {
  auto file = NewFile::create(path_);
  ASSERT_TRUE(file);
  test::write_file(folder_ / "other", "precious");
  std::filesystem::remove(file->partial());
  std::filesystem::create_symlink(folder_ / "other", file->partial());
  test::write_file(file->content(), "of this process");
  EXPECT_EQ(test::read_file(folder_ / "other"), "precious");
  const auto published = file->publish();
  ASSERT_FALSE(published);
  EXPECT_NE(published.error().detail.find("removed or replaced"), std::string::npos) << published.error().detail;
  EXPECT_FALSE(std::filesystem::exists(path_));
  const auto swapped = file->partial();
  { const NewFile gone = std::move(*file); }
  EXPECT_TRUE(std::filesystem::is_symlink(swapped)) << "it is not this process's to remove";
}

TEST_F(NewFileTest, DoesNotHaveTheNameOfAPartialFile) {
  const auto file = NewFile::create(folder_ / "a.db.partial-Xa3kT9");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().detail.find("name of a partial file"), std::string::npos);
}

TEST_F(NewFileTest, RemovesAJournalThatWasLeftToo) {
  test::write_file(folder_ / "a.db.partial-Xa3kT9-journal", "left");
  test::write_file(folder_ / "a.db-journal", "of a database");
  { ASSERT_TRUE(NewFile::create(path_)); }
  EXPECT_EQ(files(), 1U);
}

TEST_F(NewFileTest, MayHaveNoNameAtAll) {
  const auto file = nameless_file(folder_.path());
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_EQ(files(), 0U);
  test::write_file(path_of(*file), "text");
  EXPECT_EQ(test::read_file(path_of(*file)), "text");
  EXPECT_EQ(test::mode_of(path_of(*file)), 0600U);
  EXPECT_EQ(with_name("cannot write " + path_of(*file).string() + "!", *file, "b.db"), "cannot write b.db!");
}

TEST_F(NewFileTest, NamesAFolderThatIsNotThere) {
  const auto file = NewFile::create(folder_ / "none/a.db");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().detail.find("none/a.db: cannot be created: No such file or directory; make its folder"),
            std::string::npos);
  EXPECT_FALSE(NewFile::create(folder_.path() / ""));
}

}  // namespace
}  // namespace integrity
