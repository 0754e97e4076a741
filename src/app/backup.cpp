#include "app/backup.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "app/data_folder.hpp"
#include "app/file.hpp"
#include "catalog/words.hpp"
#include "crypto/digest_stream.hpp"
#include "store/mongo/mongo_store.hpp"

namespace integrity::app {
namespace {

using store::sqlite::Contents;
using store::sqlite::CopyHow;

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr int kNice = 10;
constexpr const char* kCure =
    "; run `integrity check`, and if that finds nothing, look for errors of the disk in the system's log";

void yield_to_others() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
}

// Names that SQLite or this program would take for a part of a store.
Status expect_usable_name(const Config& config, const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  for (const char* end : {"-journal", "-wal", "-shm"}) {
    if (!name.ends_with(end)) continue;
    return Error{Code::invalid_value,
                 file.string() + ": SQLite takes a file of this name for a part of a database; name another file"};
  }
  std::error_code error;
  const bool in_data = config.mongo_uri.empty() && std::filesystem::equivalent(file.parent_path(), config.data, error);
  if (in_data && is_name_of_data_folder(name)) {
    return Error{Code::invalid_value, file.string() +
                                          ": the data folder has this name for something else; name"
                                          " another file, best in another folder"};
  }
  return {};
}

Contents copy_store(const Config& config, const NewFile& to, const Watch& watch, const CopyHow& how) {
  if (config.mongo_uri.empty()) {
    return store::sqlite::copy_database(DataFolder::database_in(config.data), to.content(), watch, how);
  }
  const auto snapshot = store::mongo::open_mongo_snapshot(config.mongo_uri);
  how.began();
  return store::sqlite::copy_rows_into(*snapshot, to.content(), catalog::product_text, watch);
}

// Also its size, as it is read.
Result<std::string> hash_of(const NewFile& file, const Watch& watch, std::uint64_t& size) {
  crypto::Sha256Stream hash;
  std::vector<std::uint8_t> part(kReadBytes);
  const std::uint64_t of = std::filesystem::file_size(file.content());
  for (size = 0;;) {
    const auto got = ::pread(file.file().get(), part.data(), part.size(), static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(file.partial(), "cannot read");
    if (got == 0) return to_hex(hash.finish());
    hash.add(ByteView(part).first(static_cast<std::size_t>(got)));
    size += static_cast<std::uint64_t>(got);
    if (watch && !watch("hashing", size, of)) throw store::sqlite::Stopped("stopped before it was complete");
  }
}

}  // namespace

Result<NewFile> place_for_backup(const Config& config, const std::filesystem::path& file) {
  INTEGRITY_CHECK(expect_usable_name(config, file));
  return NewFile::create(file);
}

Result<Backup> make_backup(const Config& config, const std::filesystem::path& file, NewFile& place, const Clock& clock,
                           const Watch& watch, bool beside_clients) {
  yield_to_others();
  Backup backup;
  backup.path = file.string();
  try {
    const CopyHow how{.beside_clients = beside_clients, .began = [&] { backup.taken_at = clock.now(); }};
    const Contents copied = copy_store(config, place, watch, how);
    backup.taken_at = std::max(backup.taken_at, copied.last_at);  // the clock may have gone back
    INTEGRITY_CHECK(place.sync());
    if (store::sqlite::check_database(place.content(), watch, kCure) != copied) {
      return Error{
          Code::unavailable,
          file.string() + ": the copy is not what was copied; look for errors of the disk in the system's log"};
    }
    backup.last_change = copied.last_change;
    INTEGRITY_TRY(backup.sha256, hash_of(place, watch, backup.bytes));
  } catch (const std::exception& error) {
    return Error{Code::unavailable, file.string() + ": no backup was made: " + place.named(error.what())};
  }
  INTEGRITY_CHECK(place.publish());
  return backup;
}

}  // namespace integrity::app
