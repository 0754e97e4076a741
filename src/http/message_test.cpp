#include "http/message.hpp"

#include <gtest/gtest.h>

namespace integrity::http {
namespace {

struct AddressCase {
  const char* text;
  const char* written;
  const char* network;
};

TEST(Address, IsReadAndWrittenInOneForm) {
  constexpr AddressCase cases[] = {
      {"192.0.2.77", "192.0.2.77", "192.0.2.0/24"},
      {"::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0/24"},
      {"2001:DB8:0:1:2:3:4:5", "2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"},
      {"::1", "::1", "::/64"},
  };
  for (const auto& [text, written, network] : cases) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), written);
    EXPECT_EQ(address->network(), network);
  }
}

TEST(Address, RefusesTextThatIsNotAnAddress) {
  for (std::string_view text : {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4:80", "[::1]", "::1%lo", "x", "1.2.3.4 ",
                                "::ffff:1.2.3.256", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
  EXPECT_FALSE(Address::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(Request, FindsHeadersInAnyCase) {
  Request request;
  request.headers = {{"X-One", "1"}, {"x-two", "2"}, {"x-one", "3"}};
  EXPECT_EQ(request.header("x-ONE"), "1");
  EXPECT_EQ(request.count("X-One"), 2u);
  EXPECT_EQ(request.header("x-three"), std::nullopt);
  EXPECT_EQ(request.count("x-three"), 0u);
}

}  // namespace
}  // namespace integrity::http
