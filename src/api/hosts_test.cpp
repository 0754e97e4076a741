#include "api/hosts.hpp"

#include <gtest/gtest.h>

namespace integrity::api {
namespace {

// Otherwise a web page whose name resolves to 127.0.0.1 could sign up on a private server and read from it.
TEST(Hosts, AnswerForLoopbackNamesAndTheirOwn) {
  const Hosts hosts({"shop.example", "10.0.0.7", "2001:db8::7"});
  for (const char* right : {"localhost", "localhost:8080", "LocalHost.", "shop.localhost:1", "127.0.0.1",
                            "127.1.2.3:8080", "[::1]", "[::1]:8080", "[::ffff:127.0.0.1]:1", "shop.example",
                            "SHOP.example:443", "shop.example.", "10.0.0.7:8080", "[2001:db8::7]", ""}) {
    EXPECT_TRUE(hosts.answer_for(right)) << right;
  }
  for (const char* wrong :
       {"evil.example", "localhost.evil.example", "evillocalhost", "127.0.0.1.evil.example", "128.0.0.1", "10.0.0.8",
        "[::2]", "[1::1]", "www.shop.example", "shop.example.evil", "0", "0.0.0.0", "2130706433"}) {
    EXPECT_FALSE(hosts.answer_for(wrong)) << wrong;
  }
}

TEST(Hosts, AnswerForAnyNameByDefault) {
  EXPECT_TRUE(Hosts().answer_for("evil.example"));
}

}  // namespace
}  // namespace integrity::api
