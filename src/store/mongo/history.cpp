#include "store/mongo/history.hpp"

#include <map>

#include "store/history.hpp"
#include "store/mongo/codec.hpp"
#include "store/mongo/schema.hpp"
#include "store/mongo/unreadable.hpp"

namespace integrity::store::mongo {
namespace {

// How many numbers the first query is about, where the changes that fit may be far from each other. Each further one is
// about twice as many, so that the time can be looked at between them.
constexpr std::int64_t kStretch = 4096;
constexpr std::size_t kAskedAtOnce = 100;
constexpr std::size_t kPageMax = 10'000;

// The conditions but the numbers, and the index that leaves the fewest documents.
struct Plan {
  Doc filter;
  const char* index = "_id_";
  Doc sort = Doc("_id", -1);
  bool dense = false;  // whatever the index finds in a range fits, or is little
};

Plan plan_of(const model::ChangeQuery& query) {
  Plan plan;
  const bool other_kind = query.kind && *query.kind != model::RecordKind::product;
  if (query.record) {
    plan.filter.add("record", *query.record);
    // An id is of one record: its revisions are in the order of the numbers.
    plan.index = "revision";
    plan.sort = Doc("revision", -1);
    if (!query.kind) {
      Array kinds;
      for (int kind = 0; kind <= static_cast<int>(model::RecordKind::store); ++kind) {
        kinds.add(name_of(static_cast<model::RecordKind>(kind)));
      }
      plan.filter.add("kind", Doc("$in", kinds));
    }
  } else if (query.account) {
    plan.index = "by_account";
  } else if (other_kind) {
    plan.index = "by_kind";
    plan.filter.add("listed", *query.kind);
  }
  plan.dense = query.record || query.account || (!query.actor && !(query.kind && !other_kind));
  if (query.account) plan.filter.add("account", *query.account);
  if (query.kind) plan.filter.add("kind", *query.kind);
  if (query.actor) plan.filter.add("actor", *query.actor);
  return plan;
}

Time time_of(Connection& connection, std::int64_t number) {
  const auto found = connection.first(in::changes, Doc("_id", Doc("$lte", number)),
                                      Doc("sort", Doc("_id", -1), "projection", Doc("at", 1)));
  return found ? View(*found).take<Time>("at") : Time();
}

using Revision = std::tuple<model::RecordKind, RecordId, std::int64_t>;
Revision revision_of(const model::Change& change) {
  return {change.kind, change.record, change.revision};
}

// The state of a record before a change is the one after the change before it.
void fill_in_before(Connection& connection, std::vector<model::Change>& changes) {
  std::map<Revision, std::string> states;
  for (std::size_t at = 0; at < changes.size();) {
    Array wanted;
    for (std::size_t asked = 0; at < changes.size() && asked < kAskedAtOnce; ++at) {
      const auto& [kind, record, revision] = revision_of(changes[at]);
      if (revision == 1) continue;
      wanted.add(Doc("kind", kind, "record", record, "revision", revision - 1));
      ++asked;
    }
    if (wanted.empty()) break;
    for (Cursor found = connection.find(in::changes, Doc("$or", wanted)); found.next();) {
      auto change = unless_unreadable(in::changes, found.view(), take<model::Change>);
      if (change) states[revision_of(*change)] = std::move(change->after);
    }
  }
  for (auto& each : changes) {
    const auto before = states.find({each.kind, each.record, each.revision - 1});
    if (before != states.end()) each.before = before->second;
  }
}

struct Found {
  std::vector<model::Change> changes;  // without those that cannot be read
  // The last number, where the limit cut the list.
  std::optional<std::int64_t> cut_at = {};
};

// The next changes of a page, and one more, with numbers from `low` on and below `high`.
Found next_changes(Connection& connection, const Plan& plan, std::int64_t low, std::int64_t high, std::size_t limit) {
  Doc filter = plan.filter;
  filter.add("_id", Doc("$gte", low, "$lt", high));
  const auto most = static_cast<std::int64_t>(std::min(limit, kPageMax)) + 1;
  const Doc options("hint", plan.index, "sort", plan.sort, "limit", most);
  Found next;
  std::int64_t read = 0;
  for (Cursor found = connection.find(in::changes, filter, options); found.next();) {
    if (++read == most) next.cut_at = found.view().take<std::int64_t>("_id");
    auto change = unless_unreadable(in::changes, found.view(), take<model::Change>);
    if (change) next.changes.push_back(std::move(*change));
  }
  fill_in_before(connection, next.changes);
  return next;
}

}  // namespace

model::ChangePage find_changes(Connection& connection, const model::ChangeQuery& query, std::int64_t last) {
  const auto range = number_range(query, last, [&](std::int64_t number) { return time_of(connection, number); });
  const Plan plan = plan_of(query);
  ChangePageBuilder page(query);
  std::int64_t high = range.high, last_added = range.high;
  for (std::int64_t stretch = plan.dense ? high : kStretch; range.low < high; stretch *= 2) {
    const auto low = std::max(range.low, high - stretch);
    auto found = next_changes(connection, plan, low, high, page.room());
    for (auto& change : found.changes) {
      if (!page.has_room()) return page.continued_below(last_added);
      last_added = change.number;
      page.add(std::move(change));
    }
    high = found.cut_at.value_or(low);
    if (range.low < high && page.out_of_time()) return page.continued_below(high);
  }
  return page.whole();
}

}  // namespace integrity::store::mongo
