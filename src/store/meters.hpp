// What an engine counts and measures of itself. Everything is since the start of this process, and of this process: the
// other nodes of a MongoDB count their own.
#pragma once
#include <array>

#include "base/metrics.hpp"
#include "model/change.hpp"

namespace integrity::store {

inline constexpr std::size_t record_kind_count = static_cast<std::size_t>(model::RecordKind::store) + 1;
using ChangeCounts = std::array<std::uint64_t, record_kind_count>;

struct Meters {
  // Of the writer's thread, for each group that was committed.
  std::array<Tally, record_kind_count> changes;
  Histogram<group_buckets> group_sizes;  // in writes
  DurationHistogram commit_times;        // of the commit alone: for SQLite mostly the sync of its log

  // Reads that threw Unavailable, groups of writes that could not be committed, and work of the engine itself that
  // failed in the same way.
  Counter errors;

  void add_group(std::size_t writes, std::chrono::nanoseconds commit_took, const ChangeCounts& changed) {
    group_sizes.add(writes);
    commit_times.add(commit_took);
    for (std::size_t i = 0; i < changed.size(); ++i) changes[i].add(changed[i]);
  }
};

// As they are now, or were lately. Known without asking the database: see the engines.
struct Figures {
  std::uint64_t sessions = 0;        // not ended; expired ones count until they are cleaned up, within a minute
  std::uint64_t database_bytes = 0;  // on the disk
  std::uint64_t wal_bytes = 0;       // of SQLite's log, on the disk
  std::uint64_t write_queue = 0;     // writes that wait, without the group that is being written
  Lookups products = {}, pages = {};
};

}  // namespace integrity::store
