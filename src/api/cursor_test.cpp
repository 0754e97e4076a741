#include "api/cursor.hpp"

#include <gtest/gtest.h>

#include "testing/random.hpp"

namespace integrity::api {
namespace {

TEST(Cursor, IsReadAsItWasWritten) {
  test::SeededRandom random;
  const Secret key = random.secret(32);
  for (const std::string& position : {std::string("\0\xff", 2), std::string(2000, 'n')}) {
    const auto read = read_cursor(key, write_cursor(key, "sort=price", position));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->position, position);
    EXPECT_TRUE(read->of("sort=price"));
    EXPECT_FALSE(read->of("sort=name"));
  }
}

TEST(Cursor, IsRefusedWhenAltered) {
  test::SeededRandom random;
  const Secret key = random.secret(32);
  const std::string cursor = write_cursor(key, "list", "12345678");
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string altered = cursor;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(read_cursor(key, altered)) << i;
  }
  EXPECT_FALSE(read_cursor(key, ""));
  EXPECT_FALSE(read_cursor(key, cursor + "A"));
  EXPECT_FALSE(read_cursor(random.secret(32), cursor)) << "signed by another server";
}

}  // namespace
}  // namespace integrity::api
