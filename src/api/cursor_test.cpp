#include "api/cursor.hpp"

#include <gtest/gtest.h>

#include "base/testing.hpp"

namespace integrity::api {
namespace {

TEST(Cursor, ComesBackAsItWas) {
  testing::SeededRandom random;
  const Secret key = random.secret(32);
  const model::ProductPosition position{from_millis(1'800'000'000'123), ProductId::make(from_millis(5), random)};
  const auto read = read_cursor(key, write_cursor(key, position));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->created_at, position.created_at);
  EXPECT_EQ(read->id, position.id);
}

TEST(Cursor, IsRefusedWhenAltered) {
  testing::SeededRandom random;
  const Secret key = random.secret(32);
  const std::string cursor = write_cursor(key, {from_millis(1), ProductId::make(from_millis(5), random)});
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string altered = cursor;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(read_cursor(key, altered)) << i;
  }
  EXPECT_FALSE(read_cursor(key, ""));
  EXPECT_FALSE(read_cursor(key, cursor + "A"));
  EXPECT_FALSE(read_cursor(random.secret(32), cursor)) << "another server's";
}

}  // namespace
}  // namespace integrity::api
