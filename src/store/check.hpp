// Whether everything in a store belongs together: `integrity check`.
//
// A CheckSource gives all rows of one state of a store; the engine checks what only it knows (its file, its tables or
// collections, what it derives from texts). `check` is the rest, the same for every engine:
//
//   the history     numbers from 1 without a hole, times that never decrease, revisions without a hole
//   records         each is what its last change says (recorded.hpp), none is without a change, and none is missing
//   what belongs    sessions, keys, recovery codes, counters, challenges, stored responses: to an account that exists
//   what follows    the roles of sessions and keys, the states of accounts, sequence numbers
//
// Memory: 12 to 16 bytes for each account and key, and a table of at most `records_max` records with the last state of
// each, about 100 bytes a record. Where there are more, the history is read again for each further part of them.
//
// Every error is an exception: Unavailable where not everything could be read.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "store/bulk.hpp"

namespace integrity::store {

// Gets what a check finds, as it is found.
class CheckReport {
 public:
  virtual ~CheckReport() = default;
  // `about`: the kind of record and its id, "product 65f0…". `what`: what is wrong with it.
  virtual void found(std::string_view about, std::string_view what) = 0;
  // "changes", 20000 of 100000. `of` is 0 where it is not known.
  virtual void progress(std::string_view what, std::size_t done, std::size_t of) = 0;
};

class CheckSource {
 public:
  virtual ~CheckSource() = default;

  // 0: damage makes it unknown, which was reported.
  virtual std::size_t count(RowKind kind, CheckReport& report) = 0;
  // All rows of the kind, the same in every call; changes in the order of their numbers. Reports what cannot be read as
  // a row, and leaves it out. False: damage ended the reading, which was reported.
  virtual bool read(RowKind kind, const std::function<void(const Row&)>& take, CheckReport& report) = 0;
  virtual std::optional<Watermark> watermark(CheckReport& report) = 0;  // nothing: lost, which was reported
  // What only the engine knows. Called first.
  virtual void check_own(CheckReport& report) = 0;
};

inline constexpr std::size_t records_max = std::size_t{3} << 19;
void check(CheckSource& source, CheckReport& report, std::size_t records_at_once = records_max);

// How a finding names a record: "product 65f0…".
std::string about(model::RecordKind kind, std::string_view hex);
// How an engine names a row that it cannot read, by its id or, where it has none, by its key.
std::string about(RowKind kind, std::string_view key);

}  // namespace integrity::store
