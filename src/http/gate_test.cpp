#include <gtest/gtest.h>

#include "http/worker.hpp"

namespace integrity::http {
namespace {

Address address(const std::string& text) {
  return *Address::parse(text);
}

struct Door {
  explicit Door(std::size_t total, std::size_t per_address = 1000, std::vector<Address> trusted = {},
                bool oldest_gives_way = false)
      : gate({.connections_per_address_max = per_address,
              .oldest_gives_way = oldest_gives_way,
              .trusted_proxies = std::move(trusted),
              .limits = {}},
             total) {}

  // "in", "in, 10.0.0.1 out" or "no"
  std::string enter(const std::string& peer) {
    std::vector<Holder> evict;
    if (!gate.enter(address(peer), evict)) return "no";
    return evict.empty() ? "in" : "in, " + evict.front().base.text() + " out";
  }
  Gate gate;
};

TEST(Gate, CountsByAddressAndIpv6ByNetwork) {
  Door door(100, 2);
  EXPECT_EQ(door.enter("10.0.0.1"), "in");
  EXPECT_EQ(door.enter("10.0.0.1"), "in");
  EXPECT_EQ(door.enter("10.0.0.1"), "no");
  EXPECT_EQ(door.enter("10.0.0.2"), "in");
  EXPECT_EQ(door.enter("2001:db8::1"), "in");
  EXPECT_EQ(door.enter("2001:db8::2"), "in");
  EXPECT_EQ(door.enter("2001:db8::3"), "no");
  EXPECT_EQ(door.enter("2001:db8:0:1::1"), "in");
  door.gate.leave(address("10.0.0.1"));
  EXPECT_EQ(door.enter("10.0.0.1"), "in");
}

// Sixteen addresses held all 16 384 connections with one GET each, and all others were refused.
TEST(Gate, MakesRoomAtTheCostOfTheAddressWithMostConnections) {
  Door door(10);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(door.enter("10.0.0.1"), "in");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(door.enter("10.0.0.2"), "in");
  EXPECT_EQ(door.enter("10.0.0.3"), "in, 10.0.0.1 out");
  door.gate.leave(address("10.0.0.1"));
  EXPECT_EQ(door.enter("10.0.0.1"), "no") << "has the most itself";
  EXPECT_EQ(door.enter("10.0.0.2"), "no") << "no address has two more";
  EXPECT_EQ(door.enter("10.0.0.3"), "in, 10.0.0.1 out");
}

TEST(Gate, AdmitsEverybodyWhereTheOldestGivesWay) {
  Door door(3, 1000, {}, true);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(door.enter("10.0.0.1"), "in");
  EXPECT_EQ(door.enter("10.0.0.2"), "in");
  EXPECT_EQ(door.enter("10.0.0.2"), "in, 10.0.0.1 out");
  door.gate.leave(address("10.0.0.1"));
  EXPECT_EQ(door.enter("10.0.0.2"), "in, 10.0.0.2 out") << "its own";
}

TEST(Gate, DoesNotLetEqualsEvictEachOther) {
  Door door(3);
  for (const char* each : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) EXPECT_EQ(door.enter(each), "in");
  EXPECT_EQ(door.enter("10.0.0.4"), "no");
  EXPECT_EQ(door.enter("10.0.0.1"), "no");
}

TEST(Gate, AdmitsOnlyAFewBeforeOthersHaveLeft) {
  Door door(10);
  for (int i = 0; i < 10; ++i) door.enter("10.0.0.1");
  int in = 0;
  while (door.enter("10.1.0." + std::to_string(in)) != "no") ++in;
  EXPECT_EQ(in, 32);
}

// Who could not be closed filled these places too, and the owner stayed outside.
TEST(Gate, KeepsTheLastPlacesForThoseWhoHaveNone) {
  Door door(100);
  for (int i = 0; i < 100; ++i) door.enter("10.0.0.1");
  int in = 0;
  while (door.enter("10.1.0." + std::to_string(in / 8)) != "no") ++in;
  EXPECT_EQ(in, 17) << "sixteen, and one of an address that had none";
  EXPECT_EQ(door.enter("10.1.0.1"), "no");
  EXPECT_EQ(door.enter("10.2.0.1"), "in, 10.0.0.1 out");
}

// Each of them held one, so nobody had most, and nobody else came in.
TEST(Gate, CountsTheNetworksOfOneSiteTogether) {
  Door door(8);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(door.enter("2001:db8:7:" + std::to_string(i) + "::1"), "in");
  EXPECT_EQ(door.enter("2001:db8:7:9::1"), "no") << "not at the cost of its equals";
  EXPECT_EQ(door.enter("2001:db8:8::1"), "in, 2001:db8:7:: out");
  door.gate.leave(address("2001:db8:7:3::1"));
  EXPECT_EQ(door.enter("2001:db8:8::1"), "in, 2001:db8:7:: out");
  door.gate.leave(address("2001:db8:7:4::1"));
  EXPECT_EQ(door.enter("2001:db8:7:9::1"), "no") << "the one with two on one address is not who has most";
}

TEST(Gate, SharesInsideOneSiteByNetwork) {
  Door door(4);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(door.enter("2001:db8:7:1::" + std::to_string(i)), "in");
  EXPECT_EQ(door.enter("2001:db8:7:2::1"), "in, 2001:db8:7:1:: out");
}

// Who has most may hold what cannot be closed.
TEST(Gate, NamesAllWhoHaveMore) {
  Gate gate(ServerOptions{}, 7);
  std::vector<Holder> evict;
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(gate.enter(address(i < 4 ? "10.0.0.1" : "10.0.0.2"), evict));
  ASSERT_TRUE(gate.enter(address("10.0.0.3"), evict));
  ASSERT_EQ(evict.size(), 2U);
  EXPECT_EQ(evict[0].base.text(), "10.0.0.1");
  EXPECT_EQ(evict[1].base.text(), "10.0.0.2");
}

// The connections of nginx for a thousand clients are not a flood of one client.
TEST(Gate, CountsATrustedProxyOnlyInTheTotal) {
  Door door(6, 2, {address("10.0.0.9")});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(door.enter("10.0.0.9"), "in");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(door.enter("10.0.0.1"), "in");
  EXPECT_EQ(door.enter("10.0.0.9"), "in, 10.0.0.1 out");
  door.gate.leave(address("10.0.0.1"));
  EXPECT_EQ(door.enter("10.0.0.2"), "no") << "connections of the proxy are never closed to make room";
}

TEST(BodyMemory, LetsNobodyHoldMoreThanIsFree) {
  BodyMemory memory(1000);
  const Sender ada{"10.0.0.1", true}, bob{"10.0.0.2", true};
  EXPECT_TRUE(memory.take(ada, 500)) << "half of it, while nobody else holds any";
  EXPECT_EQ(memory.take(ada, 1).error().code, Code::too_many_attempts);
  EXPECT_TRUE(memory.take(bob, 250));
  EXPECT_EQ(memory.take(bob, 1).error().code, Code::too_many_attempts);
  EXPECT_EQ(memory.take({"10.0.0.3", true}, 251).error().code, Code::overloaded);
  memory.give_back(ada, 500);
  EXPECT_TRUE(memory.take(bob, 200));
}

// Six strangers held all of it with logins whose bodies never ended.
TEST(BodyMemory, LeavesHalfToSignedInClients) {
  BodyMemory memory(1'000'000);
  for (int i = 0; i < 100; ++i) {
    const Sender stranger{"10.0.0." + std::to_string(i), false};
    while (memory.take(stranger, 1000)) {
    }
  }
  EXPECT_TRUE(memory.take({"10.1.0.1", true}, 250'000));
  EXPECT_TRUE(memory.take({"10.2.0.1", false}, 100)) << "and some to the next stranger";
}

}  // namespace
}  // namespace integrity::http
