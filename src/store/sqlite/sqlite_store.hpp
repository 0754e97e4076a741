// The embedded engine: one SQLite file, written by one process.
//
//   auto store = open_sqlite({.file = "data/integrity.db", .clock = &clock});
//
// README.md in this folder follows a write from request to answer. Opening throws Unavailable and says why:
// the file cannot be opened, is no database, or was written by a newer program. Destroying the
// store finishes what is queued; no ReadTx may be left then, nor a thread that still submits.
#pragma once
#include <filesystem>
#include <memory>

#include "store/bulk.hpp"
#include "store/store.hpp"

namespace integrity::store::sqlite {

struct SqliteOptions {
  std::filesystem::path file;
  const Clock* clock = nullptr;   // outlives the store
  model::ProductText text = {};   // what products are searched and sorted by
  std::size_t queue_max = 4096;   // writes waiting; more are refused with Code::overloaded
  bool create = true;             // make the file when there is none
  bool run_writes_twice = false;  // run each closure, undo it, run it again: tests that closures can bear it
};

std::unique_ptr<Store> open_sqlite(const SqliteOptions& options);

// One state of the file, for commands on the host that only read; a server may be writing
// meanwhile.
std::unique_ptr<ReadTx> open_sqlite_snapshot(const std::filesystem::path& file);

// For a migration. The caller holds the data folder. The file may be missing.
std::unique_ptr<Bulk> open_sqlite_bulk(const std::filesystem::path& file, const model::ProductText& text);
// The same for an empty file that only this process uses and that is discarded if anything fails (backup.hpp).
std::unique_ptr<Bulk> open_sqlite_bulk_alone(const std::filesystem::path& file, const model::ProductText& text);
// All rows of a file of this version that nobody writes to.
std::unique_ptr<RowSource> open_sqlite_rows(const std::filesystem::path& file, const model::ProductText& text);

}  // namespace integrity::store::sqlite
