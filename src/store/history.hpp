// Shared by the engines: pages of changes and of invitations.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

#include "model/change.hpp"

namespace integrity::store {

// When a record can have been made at the latest: an id begins with the second. For one that is gone.
template <class Tag>
Time latest_creation(const Id<Tag>& id) {
  std::int64_t seconds = 0;
  for (std::size_t i = 0; i < 4; ++i) seconds = seconds << 8 | id.bytes.at(i);
  return from_millis(seconds * 1000 + 999);
}

// The lowest number of [low, high) for which `holds`, else `high`. If it holds for a number, it holds for all above.
template <class F>
std::int64_t first_number(std::int64_t low, std::int64_t high, F holds) {
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    holds(middle) ? high = middle : low = middle + 1;
  }
  return low;
}

// The numbers that a query is about: at least `low`, below `high`. `at_of` gives the time of a change by its number;
// times never decrease.
struct NumberRange {
  std::int64_t low = 1, high = 1;
};
template <class F>
NumberRange number_range(const model::ChangeQuery& query, std::int64_t last, F at_of) {
  NumberRange range{1, std::min(last + 1, query.below.value_or(last + 1))};
  const auto first_since = [&](Time time) {
    return first_number(range.low, range.high, [&](std::int64_t number) { return at_of(number) >= time; });
  };
  if (query.until) range.high = first_since(*query.until);
  if (query.since) range.low = first_since(*query.since);
  return range;
}

inline bool fits(const model::ChangeQuery& query, const model::Change& change) {
  return (!query.kind || change.kind == *query.kind) && (!query.record || change.record == *query.record) &&
         (!query.account || change.account == *query.account) &&
         (!query.actor || change.attribution.actor == *query.actor);
}

// A page under way.
class ChangePageBuilder {
 public:
  explicit ChangePageBuilder(const model::ChangeQuery& query)
      : query_(query), deadline_(std::chrono::steady_clock::now() + query.time_max) {}

  bool out_of_time() const { return std::chrono::steady_clock::now() >= deadline_; }
  // False where the page is full: then it continues below the last change that it has.
  bool has_room() const { return page_.changes.size() < query_.limit && bytes_ < query_.bytes_max; }
  std::size_t room() const { return query_.limit - page_.changes.size(); }
  void add(model::Change change) {
    bytes_ += change.before.size() + change.after.size();
    page_.changes.push_back(std::move(change));
  }
  model::ChangePage whole() { return std::move(page_); }
  // Where all changes of `number` and above were looked at.
  model::ChangePage continued_below(std::int64_t number) {
    page_.next_below = number;
    return std::move(page_);
  }

 private:
  const model::ChangeQuery& query_;
  const std::chrono::steady_clock::time_point deadline_;
  model::ChangePage page_;
  std::size_t bytes_ = 0;
};

}  // namespace integrity::store
