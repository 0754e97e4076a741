// For tests: a layer between SQLite and the file system that behaves like a disk with a volatile cache.
//
//   VolatileDisk disk;
//   disk.cut_after(200);        // the power fails at the 200th write, truncation, sync or removal from here on
//   … open a store, write until disk.off(), destroy the store …
//   disk.restart(draw);         // the files are now what a disk may hold after that; the power is on again
//
// What is written reaches real files at once, so SQLite reads what it wrote. Next to that, the layer keeps what each
// file is sure to hold (as of its last xSync), and the writes since. At a cut each block of 512 bytes or 4 KiB keeps its
// own number of the writes that touched it: none, some or all, whatever its neighbours keep. The size of a file is one
// that it had since the sync. Names do the same with the folder: a file that was made since its last sync may be
// missing, a removed one may be back. What is never torn is what SQLite relies on: bytes next to a write stay
// (SQLITE_IOCAP_POWERSAFE_OVERWRITE).
#pragma once
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace integrity::store::sqlite {

// The default file layer of SQLite while it lives. One at a time. Tracks databases, logs and journals.
class VolatileDisk {
 public:
  // A sync that returns without having synced.
  enum class Lie : std::uint8_t { none, log, database, folder };

  explicit VolatileDisk(Lie lie = Lie::none) : lie_(lie), real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
    vfs_.zName = "volatile";
    vfs_.pNext = nullptr;
    vfs_.xOpen = [](sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
      return disk->open(name, file, flags, out_flags);
    };
    vfs_.xDelete = [](sqlite3_vfs*, const char* name, int sync_folder) { return disk->remove(name, sync_folder != 0); };
    disk = this;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~VolatileDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
    disk = nullptr;
  }
  VolatileDisk(const VolatileDisk&) = delete;
  VolatileDisk& operator=(const VolatileDisk&) = delete;

  // Which operations are counted: all; all, but the power fails in the next sync; those on databases.
  enum class Count : std::uint8_t { all, until_sync, of_databases };
  void cut_after(int operations, Count count = Count::all) {
    const std::lock_guard lock(mutex_);
    left_ = operations;
    count_ = count;
  }
  bool off() const {
    const std::lock_guard lock(mutex_);
    return left_ <= 0;
  }

  struct Cut {
    std::size_t unsynced = 0;  // writes and truncations
    bool copying = false;      // some of them to a database: the log was being copied back
    std::size_t names = 0;     // made or removed since the folder was synced
  };
  using Draw = std::function<std::uint64_t(std::uint64_t below)>;
  // No file may be open.
  Cut restart(const Draw& draw) {
    const std::lock_guard lock(mutex_);
    const Survival survival = survival_of(draw);
    Cut cut;
    for (auto& [name, states] : names_) {
      const auto now = states.back();
      if (now) {
        cut.unsynced += now->pending.size();
        cut.copying |= !now->pending.empty() && name.ends_with(".db");
      }
      cut.names += states.size() - 1;
      const auto kept = states[survival.of_names(states.size(), draw)];
      states = {kept};
      if (!kept) {
        std::filesystem::remove(name);
        continue;
      }
      const auto touched = survive(*kept, survival, draw);
      write(name, *kept, kept == now && std::filesystem::exists(name) ? &touched : nullptr);
    }
    left_ = never;
    return cut;
  }

 private:
  using Bytes = std::vector<char>;
  struct Operation {
    std::uint64_t time;  // counts the operations of all files
    bool truncates;      // to `at`
    std::size_t at;
    Bytes data = {};
  };
  struct File {
    Bytes synced;
    std::vector<Operation> pending = {};
  };
  using Kept = std::shared_ptr<File>;  // null: no file of that name
  struct Handle {
    Kept file;
    const sqlite3_io_methods* real;
    bool is_database, is_log;
    bool syncs_folder;  // as SQLite's own layer does at the first sync of a new journal or log
  };

  // What is left of the unsynced operations.
  struct Survival {
    enum class Kind : std::uint8_t { nothing, everything, earliest, torn } kind;
    std::uint64_t until;  // `earliest`: operations up to this time
    std::size_t block;

    std::size_t of_names(std::size_t states, const Draw& draw) const {
      if (kind == Kind::nothing) return 0;
      if (kind == Kind::everything) return states - 1;
      return draw(states);
    }
    // How many of `times`, which are in order.
    std::size_t of(const std::vector<std::uint64_t>& times, const Draw& draw) const {
      if (kind == Kind::nothing) return 0;
      if (kind == Kind::everything) return times.size();
      if (kind == Kind::torn) return draw(times.size() + 1);
      return static_cast<std::size_t>(std::upper_bound(times.begin(), times.end(), until) - times.begin());
    }
  };
  Survival survival_of(const Draw& draw) const {
    using Kind = Survival::Kind;
    std::uint64_t first = time_;
    for (const auto& [name, states] : names_) {
      if (states.back() && !states.back()->pending.empty()) first = std::min(first, states.back()->pending[0].time);
    }
    const Kind kinds[] = {Kind::nothing,  Kind::everything, Kind::everything, Kind::earliest,
                          Kind::earliest, Kind::torn,       Kind::torn,       Kind::torn};
    return {kinds[draw(std::size(kinds))], first + draw(time_ - first + 1), draw(2) == 0 ? 512U : 4096U};
  }

  static void apply(Bytes& bytes, const Operation& operation) {
    if (operation.truncates) return bytes.resize(operation.at);
    bytes.resize(std::max(bytes.size(), operation.at + operation.data.size()));
    std::copy(operation.data.begin(), operation.data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(operation.at));
  }

  // Makes `synced` what survives, and nothing pending. Returns the blocks that may differ from the real file.
  struct Touched {
    std::size_t block;
    std::set<std::size_t> numbers;
  };
  static Touched survive(File& file, const Survival& survival, const Draw& draw) {
    const auto size = survival.block;
    std::vector<std::size_t> sizes{file.synced.size()};
    std::vector<std::uint64_t> times;
    std::map<std::size_t, std::vector<const Operation*>> blocks;
    std::size_t longest = file.synced.size();
    for (const auto& operation : file.pending) {
      const auto end = operation.truncates ? longest : operation.at + operation.data.size();
      for (std::size_t i = operation.at / size; i * size < end; ++i) blocks[i].push_back(&operation);
      sizes.push_back(operation.truncates ? operation.at : std::max(sizes.back(), end));
      times.push_back(operation.time);
      longest = std::max(longest, sizes.back());
    }
    const auto size_after = sizes[survival.of(times, draw)];
    file.synced.resize(longest);
    Touched touched{size, {}};
    for (const auto& [number, operations] : blocks) {
      touched.numbers.insert(number);
      times.clear();
      for (const auto* operation : operations) times.push_back(operation->time);
      const auto kept = survival.of(times, draw);
      const auto begin = number * size, end = std::min(begin + size, longest);
      for (std::size_t i = 0; i < kept; ++i) {
        const auto& [time, truncates, at, data] = *operations[i];
        const auto from = std::max(begin, at), to = truncates ? end : std::min(end, at + data.size());
        if (from >= to) continue;
        char* const out = file.synced.data() + from;
        truncates ? std::memset(out, 0, to - from) : std::memcpy(out, data.data() + (from - at), to - from);
      }
    }
    file.synced.resize(size_after);
    file.pending.clear();
    return touched;
  }

  static void write(const std::string& name, const File& file, const Touched* touched) {
    if (touched == nullptr) {
      std::ofstream(name, std::ios::binary).write(file.synced.data(), static_cast<std::streamsize>(file.synced.size()));
      return;
    }
    std::filesystem::resize_file(name, file.synced.size());
    std::fstream out(name, std::ios::binary | std::ios::in | std::ios::out);
    for (const auto number : touched->numbers) {
      const auto begin = number * touched->block, end = std::min(begin + touched->block, file.synced.size());
      if (begin >= end) break;
      out.seekp(static_cast<std::streamoff>(begin));
      out.write(file.synced.data() + begin, static_cast<std::streamsize>(end - begin));
    }
  }

  // Counts an operation. False: the power is off. The operation in which it fails may still have an effect.
  bool begins() { return left_ > 0 && (++time_, true); }
  bool ends(bool is_sync, bool of_database) {
    const bool counts = count_ == Count::all || (count_ == Count::until_sync ? left_ > 1 || is_sync : of_database);
    if (counts) --left_;
    return left_ > 0;
  }

  int open(const char* name, sqlite3_file* file, int flags, int* out_flags) {
    const std::lock_guard lock(mutex_);
    file->pMethods = nullptr;
    if (left_ <= 0) return SQLITE_IOERR;
    const int code = real_->xOpen(real_, name, file, flags, out_flags);
    constexpr int tracked = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
    if (code != SQLITE_OK || (flags & tracked) == 0) return code;
    // The program makes the database file itself, so it may be there already when it is first seen.
    auto& states = names_.try_emplace(name, 1).first->second;
    if (!states.back()) states.push_back(std::make_shared<File>());
    const bool may_create = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & SQLITE_OPEN_MAIN_DB) == 0;
    handles_[file] = {states.back(), file->pMethods, (flags & SQLITE_OPEN_MAIN_DB) != 0, (flags & SQLITE_OPEN_WAL) != 0,
                      may_create};
    auto [methods, is_new] = methods_.try_emplace(file->pMethods, *file->pMethods);
    if (is_new) {
      methods->second.xClose = [](sqlite3_file* f) { return disk->close(f); };
      methods->second.xSync = [](sqlite3_file* f, int) { return disk->sync(f); };
      methods->second.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return disk->truncate(f, size); };
      methods->second.xWrite = [](sqlite3_file* f, const void* data, int size, sqlite3_int64 at) {
        return disk->write(f, static_cast<const char*>(data), size, at);
      };
    }
    file->pMethods = &methods->second;
    return SQLITE_OK;
  }
  int close(sqlite3_file* file) {
    const std::lock_guard lock(mutex_);
    const auto* const real = handles_.at(file).real;
    handles_.erase(file);
    return real->xClose(file);
  }
  int write(sqlite3_file* file, const char* data, int size, sqlite3_int64 at) {
    const std::lock_guard lock(mutex_);
    if (!begins()) return SQLITE_IOERR_WRITE;
    const auto& handle = handles_.at(file);
    handle.file->pending.push_back({time_, false, static_cast<std::size_t>(at), Bytes(data, data + size)});
    return ends(false, handle.is_database) ? handle.real->xWrite(file, data, size, at) : SQLITE_IOERR_WRITE;
  }
  int truncate(sqlite3_file* file, sqlite3_int64 size) {
    const std::lock_guard lock(mutex_);
    if (!begins()) return SQLITE_IOERR_TRUNCATE;
    const auto& handle = handles_.at(file);
    handle.file->pending.push_back({time_, true, static_cast<std::size_t>(size)});
    return ends(false, handle.is_database) ? handle.real->xTruncate(file, size) : SQLITE_IOERR_TRUNCATE;
  }
  int sync(sqlite3_file* file) {
    const std::lock_guard lock(mutex_);
    auto& handle = handles_.at(file);
    if (!begins() || !ends(true, handle.is_database)) return SQLITE_IOERR_FSYNC;
    if (lie_ != (handle.is_log ? Lie::log : Lie::database)) {
      for (const auto& operation : handle.file->pending) apply(handle.file->synced, operation);
      handle.file->pending.clear();
    }
    if (std::exchange(handle.syncs_folder, false)) sync_folder();
    return SQLITE_OK;
  }
  int remove(const char* name, bool syncs_folder) {
    const std::lock_guard lock(mutex_);
    if (!begins()) return SQLITE_IOERR_DELETE;
    const auto found = names_.find(name);
    if (found != names_.end() && found->second.back()) found->second.push_back(nullptr);
    if (!ends(false, false)) return SQLITE_IOERR_DELETE;
    const int code = real_->xDelete(real_, name, 0);
    if (syncs_folder) sync_folder();
    return code;
  }
  void sync_folder() {
    if (lie_ == Lie::folder) return;
    for (auto& [name, states] : names_) states.erase(states.begin(), states.end() - 1);
  }

  static constexpr int never = std::numeric_limits<int>::max();
  static inline VolatileDisk* disk = nullptr;

  const Lie lie_;
  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_;
  mutable std::mutex mutex_;
  int left_ = never;
  Count count_ = Count::all;
  std::uint64_t time_ = 0;
  std::map<std::string, std::vector<Kept>> names_;  // what each name stood for since the last sync of the folder
  std::map<sqlite3_file*, Handle> handles_;
  static inline std::map<const sqlite3_io_methods*, sqlite3_io_methods> methods_;
};

}  // namespace integrity::store::sqlite
