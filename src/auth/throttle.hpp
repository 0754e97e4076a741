// Budgets of addresses, and the slowing down of password guesses. In memory, safe from any thread, and bounded: each
// remembers 100 000 addresses or pairs, some 200 bytes apiece, and forgets those that have nothing to say any more.
//
// A clock that was ahead and is set right makes nobody wait for as long: budgets fill from then on, and wrong passwords
// that are dated more than a minute ahead are forgotten.
//
// What must survive a restart (guesses at second factors) is in the store instead: see second_factor.hpp.
#pragma once
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.hpp"

namespace integrity::auth {

struct Client {
  std::string address;  // "192.0.2.7"
  std::string network;  // "192.0.2.0/24", "2001:db8::/64"
  std::string source;   // what budgets are kept for: the address, but of IPv6 the network, which one host may have
  std::string site;     // "192.0.2.0/24", "2001:db8::/48": what one customer may have, and many sources in it
};

// Remembers at most `size_max` keys and forgets the one that was used longest ago.
template <class Value>
class RecentMap {
 public:
  explicit RecentMap(std::size_t size_max) : size_max_(size_max) {}

  Value& at(const std::string& key) {
    if (auto found = index_.find(key); found != index_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return found->second->second;
    }
    if (order_.size() >= size_max_) forget_last();
    order_.emplace_front(key, Value{});
    index_.emplace(order_.front().first, order_.begin());
    return order_.front().second;
  }
  // Forgets those used longest ago for which `stale` holds; few at a time, so that no caller waits for many.
  template <class Stale>
  void forget_if(Stale stale) {
    for (int i = 0; i < 2 && !order_.empty() && stale(order_.back().second); ++i) forget_last();
  }
  // Null for one that is not there: looking does not make an entry.
  Value* find(const std::string& key) {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &found->second->second;
  }
  void erase(const std::string& key) {
    if (auto found = index_.find(key); found != index_.end()) {
      const auto entry = found->second;
      index_.erase(found);  // first: its key is a view of the entry's
      order_.erase(entry);
    }
  }
  std::size_t size() const { return order_.size(); }

 private:
  void forget_last() {
    index_.erase(order_.back().first);
    order_.pop_back();
  }

  using Order = std::list<std::pair<std::string, Value>>;
  std::size_t size_max_;
  Order order_;
  std::unordered_map<std::string_view, typename Order::iterator> index_;
};

struct Budget {
  double burst;       // at once
  double per_second;  // afterwards
};

// Token buckets, one an address.
class AddressRateLimit {
 public:
  explicit AddressRateLimit(Budget budget) : budget_(budget) {}
  // Takes one; how long to wait where none is left.
  std::optional<Millis> take(const std::string& address, Time now);
  std::size_t size();

 private:
  struct Bucket {
    std::optional<Time> at;
    double left = 0;
  };
  Budget budget_;
  std::mutex mutex_;
  RecentMap<Bucket> buckets_{100'000};
};

// Wrong passwords of an account from a network: the first five are free, then 1 s, doubling to 60 s. The pair is
// what is slowed, so nobody locks out the owner from elsewhere; names that do not exist are treated alike.
class PasswordFailures {
 public:
  // Before a guess is looked at.
  std::optional<Millis> must_wait(const std::string& username, const std::string& network, Time now);
  // When one was looked at: counts it, or begins anew behind a right one. The wait, where those looked at beside it have
  // been counted meanwhile: then nobody may learn whether it was right. So guesses sent side by side tell as little as
  // one after the other, and right ones never wait for each other, as they would if each counted until it is known.
  std::optional<Millis> tried(const std::string& username, const std::string& network, bool right, Time now);
  std::size_t size();

 private:
  struct Pair {
    int failures = 0;
    Time last{};
  };
  // A hash: as long for the longest name, and no name as typed is kept (people type their password there).
  static std::string key(const std::string& username, const std::string& network);
  static Millis wait_after(int failures);
  static std::optional<Millis> wait_of(const Pair& pair, Time now);

  std::mutex mutex_;
  RecentMap<Pair> pairs_{100'000};
};

}  // namespace integrity::auth
