#include "api/client.hpp"

#include <gtest/gtest.h>

namespace integrity::api {
namespace {

struct Case {
  const char* peer;
  std::vector<const char*> forwarded;
  const char* expected;
};

TEST(Client, IsThePeerUnlessATrustedProxyNamesAnother) {
  const std::vector<http::Address> trusted{*http::Address::parse("10.0.0.1"), *http::Address::parse("10.0.0.2")};
  for (const Case& each : std::initializer_list<Case>{
           {"192.0.2.7", {}, "192.0.2.7"},
           {"192.0.2.7", {"198.51.100.1"}, "192.0.2.7"},  // the peer is not a trusted proxy
           {"10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
           {"10.0.0.1", {"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},  // the left part is the client's
           {"10.0.0.1", {"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},     // two proxies in a row
           {"10.0.0.1", {"203.0.113.9", "198.51.100.1"}, "198.51.100.1"},
           {"10.0.0.1", {"nonsense"}, "10.0.0.1"},
           {"10.0.0.1", {"198.51.100.1, nonsense"}, "10.0.0.1"},
           {"10.0.0.1", {"2001:db8::7"}, "2001:db8::7"},
           {"10.0.0.1", {"198.51.100.1:4711"}, "198.51.100.1"},
           {"10.0.0.1", {"203.0.113.9, 198.51.100.1:1, 10.0.0.2:65535"}, "198.51.100.1"},
           {"10.0.0.1", {"[2001:db8::7]:443"}, "2001:db8::7"},
           {"10.0.0.1", {"[2001:db8::7]"}, "2001:db8::7"},
           {"10.0.0.1", {"198.51.100.1:"}, "10.0.0.1"},
           {"10.0.0.1", {"198.51.100.1:http"}, "10.0.0.1"},
           {"10.0.0.1", {"198.51.100.1:65536"}, "10.0.0.1"},
           {"10.0.0.1", {":4711"}, "10.0.0.1"},
           {"10.0.0.1", {"["}, "10.0.0.1"},
           {"10.0.0.1", {"[2001:db8::7"}, "10.0.0.1"},
           {"10.0.0.1", {"[2001:db8::7]443"}, "10.0.0.1"},
           {"10.0.0.1", {"[2001:db8::7]:"}, "10.0.0.1"},
           {"10.0.0.1", {}, "10.0.0.1"}}) {
    http::Request request;
    request.peer = *http::Address::parse(each.peer);
    for (const char* value : each.forwarded) request.headers.push_back({"X-Forwarded-For", value});
    EXPECT_EQ(client_of(request, trusted).address, each.expected) << each.peer;
  }
}

TEST(Client, BelongsToTheNetworkOfOneCustomer) {
  const auto written = [](const char* text) {
    const auto client = client_at(*http::Address::parse(text));
    return client.source + ' ' + client.site;
  };
  EXPECT_EQ(written("192.0.2.7"), "192.0.2.7 192.0.2.0/24");
  EXPECT_EQ(written("2001:db8:7:ff00::1"), "2001:db8:7:ff00::/64 2001:db8:7::/48");
}

TEST(Client, CanComeThroughAProxyThatIsNotTrusted) {
  const std::vector<http::Address> trusted{*http::Address::parse("10.0.0.1")};
  const auto untrusted = [&](const char* peer, const char* name) {
    http::Request request;
    request.peer = *http::Address::parse(peer);
    request.headers = {{"Host", "a"}, {name, "x"}};
    return comes_from_untrusted_proxy(request, trusted);
  };
  for (const char* name : {"Forwarded", "X-Forwarded-For", "x-forwarded-proto", "X-Real-IP", "Via"}) {
    EXPECT_TRUE(untrusted("127.0.0.1", name)) << name;
    EXPECT_FALSE(untrusted("10.0.0.1", name)) << name;
  }
  for (const char* name : {"X-Forwarded", "Accept", "X-Request-Id", "Age"})
    EXPECT_FALSE(untrusted("127.0.0.1", name)) << name;
}

}  // namespace
}  // namespace integrity::api
