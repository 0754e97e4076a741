#include "auth/network.hpp"

#include <gtest/gtest.h>

namespace integrity::auth {
namespace {

bool has(std::string_view network, std::string_view address) {
  const auto parsed = Network::parse(network);
  EXPECT_TRUE(parsed) << network;
  EXPECT_FALSE(Network::why_not(network)) << network;
  return parsed && parsed->has(address);
}

TEST(Network, HasTheAddressesWithItsFirstBits) {
  EXPECT_TRUE(has("192.0.2.0/24", "192.0.2.0"));
  EXPECT_TRUE(has("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(has("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(has("192.0.2.128/25", "192.0.2.129"));
  EXPECT_FALSE(has("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(has("192.0.2.7/32", "192.0.2.7"));
  EXPECT_FALSE(has("192.0.2.7/32", "192.0.2.6"));
  EXPECT_TRUE(has("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(has("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(has("::1/128", "::1"));
}

TEST(Network, OfOneFamilyHasNoAddressOfTheOther) {
  EXPECT_TRUE(has("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(has("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(has("::/0", "2001:db8::1"));
  EXPECT_FALSE(has("::/0", "203.0.113.9"));
  EXPECT_FALSE(has("0.0.0.0/0", "")) << "no address at all";
  EXPECT_FALSE(has("0.0.0.0/0", "localhost"));
}

TEST(Network, HasOneForm) {
  for (const char* text :
       {"", "192.0.2.0", "192.0.2.7/24", "192.0.2.0/33", "192.0.2.0/024", "192.0.2.0/-1", "192.0.2.0/", "192.0.2/24",
        "192.0.2.0/24 ", " 192.0.2.0/24", "2001:DB8::/32", "2001:db8:0::/32", "2001:db8::1/32", "2001:db8::/129",
        "::ffff:192.0.2.0/120", "fe80::%eth0/64", "example.com/24"}) {
    EXPECT_FALSE(Network::parse(text)) << text;
    EXPECT_TRUE(Network::why_not(text)) << text;
  }
  EXPECT_EQ(Network::why_not("192.0.2.7/24"), "must be written 192.0.2.0/24");
  EXPECT_EQ(Network::why_not("192.0.2.7"), "must be written 192.0.2.7/32");
  EXPECT_EQ(Network::why_not("2001:DB8::1/32"), "must be written 2001:db8::/32");
  EXPECT_FALSE(Network::parse(std::string_view("192.0.2.0\0/24", 13))) << "a NUL does not end it";
}

}  // namespace
}  // namespace integrity::auth
