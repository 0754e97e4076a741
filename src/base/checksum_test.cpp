#include "base/checksum.hpp"

#include <gtest/gtest.h>

namespace integrity {
namespace {

// From the authors of FNV: http://www.isthe.com/chongo/tech/comp/fnv/
TEST(Checksum, IsThatOfItsAuthors) {
  EXPECT_EQ(checksum(""), 0xcbf29ce484222325U);
  EXPECT_EQ(checksum("a"), 0xaf63dc4c8601ec8cU);
  EXPECT_EQ(checksum("foobar"), 0x85944171f73967e8U);
}

}  // namespace
}  // namespace integrity
