#include "auth/throttle.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/ascii.hpp"
#include "crypto/digest.hpp"
#include "model/lifetime.hpp"

namespace integrity::auth {
namespace {

constexpr int kFreeFailures = 5;
constexpr std::chrono::seconds kWaitMax{60};
// A pair without wrong passwords for this long is forgotten: 15 times the longest wait.
constexpr std::chrono::minutes kForget{15};

// Whether it was made while the clock was ahead.
bool is_ahead(Time made, Time now) {
  return made > now + model::clock_error_max;
}

// Drops what was used longest ago while it is stale; at most two entries, so that no request waits for many.
template <class Value, class Stale>
void drop_stale(Lru<std::string, Value>& lru, Stale stale) {
  for (int i = 0; i < 2 && lru.oldest() != nullptr && stale(*lru.oldest()); ++i) lru.drop_oldest();
}

}  // namespace

std::optional<Millis> AddressRateLimit::take(const std::string& address, Time now) {
  const std::scoped_lock lock(mutex_);
  // A bucket that is full again is the same as one that never existed.
  drop_stale(buckets_, [&](const Bucket& each) {
    const std::chrono::duration<double> passed = now - each.at;
    return passed.count() * limit_.per_second >= limit_.burst;
  });
  Bucket* known = buckets_.find(address);
  if (known == nullptr) known = buckets_.put(address, {now, limit_.burst});
  if (known == nullptr) throw std::logic_error("there is no room for the bucket of an address");
  Bucket& bucket = *known;
  if (now > bucket.at) {
    const std::chrono::duration<double> passed = now - bucket.at;
    bucket.left = std::min(limit_.burst, bucket.left + passed.count() * limit_.per_second);
  }
  bucket.at = now;
  if (bucket.left >= 1) {
    bucket.left -= 1;
    return {};
  }
  if (limit_.per_second <= 0) return std::chrono::hours(1);
  return std::chrono::ceil<Millis>(std::chrono::duration<double>((1 - bucket.left) / limit_.per_second));
}

std::size_t AddressRateLimit::size() {
  const std::scoped_lock lock(mutex_);
  return buckets_.size();
}

std::string PasswordFailures::key(const std::string& username, const std::string& network) {
  return std::string(as_text(crypto::sha256(as_bytes(ascii_lower(username) + '\n' + network))));
}

Millis PasswordFailures::wait_after(int failures) {
  if (failures < kFreeFailures) return Millis(0);
  return std::min<Millis>(kWaitMax, std::chrono::seconds(1) * (1LL << std::min(failures - kFreeFailures, 10)));
}

std::optional<Millis> PasswordFailures::wait_of(const Pair& pair, Time now) {
  if (pair.failures < kFreeFailures) return {};
  const Millis wait = wait_after(pair.failures);
  const Time until = pair.last + wait;
  if (model::is_over(until, wait, now)) return {};
  return std::min<Millis>(until - now, wait);  // after a small correction of the clock nobody waits longer
}

std::optional<Millis> PasswordFailures::must_wait(const std::string& username, const std::string& network, Time now) {
  const std::scoped_lock lock(mutex_);
  const Pair* pair = pairs_.find(key(username, network));
  return pair == nullptr ? std::nullopt : wait_of(*pair, now);
}

std::optional<Millis> PasswordFailures::tried(const std::string& username, const std::string& network, bool right,
                                              Time now) {
  const std::scoped_lock lock(mutex_);
  const auto stale = [&](const Pair& each) { return now - each.last > kForget || is_ahead(each.last, now); };
  drop_stale(pairs_, stale);
  const std::string name = key(username, network);
  Pair* pair = pairs_.find(name);
  if (pair != nullptr) {
    if (const auto wait = wait_of(*pair, now)) return wait;
    if (right || stale(*pair)) {
      pairs_.erase(name);
      pair = nullptr;
    }
  }
  if (right) return {};
  if (pair == nullptr) pair = pairs_.put(name, {});
  ++pair->failures;
  pair->last = now;
  return {};
}

std::size_t PasswordFailures::size() {
  const std::scoped_lock lock(mutex_);
  return pairs_.size();
}

}  // namespace integrity::auth
