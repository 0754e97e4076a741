// Copies of a whole database as one ordinary file, and the check of such a file. Docs: docs/backup.md, docs/adr/0028.
//
// Every error is an exception: Unavailable, or Stopped where the watcher ended it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "store/bulk.hpp"
#include "store/store.hpp"

namespace integrity::store::sqlite {

// Is called many times a second while there is work. False: it is to stop.
using Watch = std::function<bool(std::string_view what, std::uint64_t done, std::uint64_t of)>;

struct Stopped : Unavailable {
  using Unavailable::Unavailable;
};

struct Contents {
  std::int64_t version = 0;  // of the schema
  std::int64_t last_change = 0;
  Time last_at{};                            // of that change
  std::map<std::string, std::int64_t> rows;  // by table

  bool operator==(const Contents&) const = default;
};

struct CopyHow {
  bool beside_clients = false;    // pauses for as long as it works, for those who write meanwhile
  std::function<void()> began{};  // is called once, right after the state was chosen
};

// Both fill the empty file `to`, which nobody else uses, without syncing it at the end.
//
// One state of `file`, which a server may be writing meanwhile. It holds a read transaction as long as it copies, so the
// log cannot start over: it gives up when the log has grown by 4 GiB.
Contents copy_database(const std::filesystem::path& file, const std::filesystem::path& to, const Watch& watch,
                       const CopyHow& how = {});
// `source` must be one state too.
Contents copy_rows_into(RowSource& source, const std::filesystem::path& to, const model::ProductText& text,
                        const Watch& watch);

// What is in a file that nobody writes to, such as a backup. Throws what is wrong with it: it is cut off, damaged,
// another program's, a newer program's, or sealed by a migration. Leaves no files next to it.
// `cure`: what is said where it is damaged, such as "; name another backup".
Contents check_database(const std::filesystem::path& file, const Watch& watch, const std::string& cure = {});

// Copies `file` to before-upgrade-OLD-NEW.db next to it. One that an upgrade made that did not finish is kept. Throws
// where there is one with other contents.
void backup_before_upgrade(const std::filesystem::path& file, std::int64_t from, std::int64_t to);

// Makes a database of this version of a copy of a backup, as far as a restore need not know more. Nobody else uses the
// file; it is not synced.
void upgrade_copy(const std::filesystem::path& file, const model::ProductText& text);

// What a restore changes in a copy of a backup before it becomes a store.
struct RestoreWanted {
  Time now{};
  std::int64_t last_step = 0;                // no code of this TOTP step or an earlier one is accepted
  std::vector<KeyFingerprint> fingerprints;  // of the keys that it will be used with
};
struct Restored {
  std::int64_t change = 0;  // its number
  std::int64_t last_before = 0;
  Time now{};  // as it was wanted
};
// Ends sessions and challenges, and records the change `restore`. The file has been upgraded.
Restored make_restored(const std::filesystem::path& file, const model::ProductText& text, const RestoreWanted& wanted);

// The fingerprints that a file of any version has.
struct Fingerprints {
  std::vector<KeyFingerprint> known;
  bool complete = false;  // those of all keys that its rows were made with must be among them
};
Fingerprints fingerprints_in(const std::filesystem::path& file);

}  // namespace integrity::store::sqlite
