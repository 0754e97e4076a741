// Rate limits by address, and the slow-down after wrong passwords. In memory, safe from any thread, and bounded: each
// remembers 100 000 addresses or pairs, about 200 bytes each, and forgets those that no longer limit anything.
//
// When a clock that was ahead is set right, nobody waits until that time comes again: buckets fill from then on, and
// wrong passwords that are dated more than a minute ahead are forgotten.
//
// What must survive a restart (attempts at second factors) is in the store: see second_factor.hpp.
#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/lru.hpp"
#include "base/time.hpp"

namespace integrity::auth {

struct Client {
  std::string address;  // "192.0.2.7"
  std::string network;  // "192.0.2.0/24", "2001:db8::/64"
  std::string source;   // rate limits count by this: the address, or for IPv6 the network, which one host may own
  std::string site;     // what one customer may have, with many sources in it: "192.0.2.0/24", "2001:db8::/48"
};

struct RateLimit {
  double burst;       // at once
  double per_second;  // afterwards
};

// Token buckets, one for each address.
class AddressRateLimit {
 public:
  explicit AddressRateLimit(RateLimit limit) : limit_(limit) {}
  // Takes one request; returns how long to wait where none is left.
  std::optional<Millis> take(const std::string& address, Time now);
  std::size_t size();

 private:
  struct Bucket {
    Time at;
    double left;
  };
  RateLimit limit_;
  std::mutex mutex_;
  Lru<std::string, Bucket> buckets_{100'000};
};

// Wrong passwords for an account from a network: the first five are free, then each costs a wait of 1 s, doubling up to
// 60 s. Only this pair of account and network waits, so nobody can lock out the owner elsewhere. Names that do not
// exist are treated alike.
class PasswordFailures {
 public:
  // The wait, if any. To be called before a password is checked.
  std::optional<Millis> must_wait(const std::string& username, const std::string& network, Time now);
  // To be called after it was checked: counts a wrong one; a right one sets the count back. Returns a wait where
  // passwords that were checked at the same time have used up the free ones meanwhile: the client must then not learn
  // whether this one was right. So guesses in parallel reveal no more than guesses in a row, and right ones never wait
  // for each other, as they would if each was counted before its result is known.
  std::optional<Millis> tried(const std::string& username, const std::string& network, bool right, Time now);
  std::size_t size();

 private:
  struct Pair {
    int failures = 0;
    Time last{};
  };
  // A hash: of one length for all names, and no name is kept as typed (people sometimes type their password there).
  static std::string key(const std::string& username, const std::string& network);
  static Millis wait_after(int failures);
  static std::optional<Millis> wait_of(const Pair& pair, Time now);

  std::mutex mutex_;
  Lru<std::string, Pair> pairs_{100'000};
};

}  // namespace integrity::auth
