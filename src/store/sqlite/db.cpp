#include "store/sqlite/db.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace integrity::store::sqlite {
namespace {

// Only the server's user may read the file. The files that SQLite puts next to it take its mode.
void create_private(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
}

constexpr int kBusyTimeoutMs = 5000;

constexpr const char* kAlone = "integrity-alone";

// SQLite follows no symbolic link as it opens a file, but path_of(fd) in base/new_file.hpp is one.
int open_file(const char* path, int flags, int mode) {
  const bool of_descriptor = std::string_view(path).starts_with("/proc/self/fd/");
  return ::open(path, of_descriptor ? flags & ~O_NOFOLLOW : flags, mode);
}

// SQLite's file layer without locks, which opens exactly the path that it is given: SQLite's own resolves symbolic links
// first, and would open a partial file by its name.
void add_vfs_alone() {
  static sqlite3_vfs vfs = *sqlite3_vfs_find("unix-none");
  vfs.zName = kAlone;
  vfs.pNext = nullptr;
  vfs.xFullPathname = [](sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return std::strlen(name) < static_cast<std::size_t>(size) ? SQLITE_OK : SQLITE_CANTOPEN;
  };
  vfs.xSetSystemCall(&vfs, "open", reinterpret_cast<sqlite3_syscall_ptr>(&open_file));
  sqlite3_vfs_register(&vfs, 0);
}

void configure_library() {
  [[maybe_unused]] static const bool once = [] {
    // Otherwise SQLite counts allocations under a global lock. This works only before the library is first used.
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    add_vfs_alone();
    return true;
  }();
}

// For SQLite's option "immutable", which is a parameter of a URI.
std::string unchanging_uri(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    if (c == '%' || c == '?' || c == '#') {
      uri += c == '%' ? "%25" : c == '?' ? "%3f" : "%23";
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

Failure about_file(const std::filesystem::path& file, const Failure& failure) {
  const auto advice = [&]() -> std::string {
    if (std::error_code ignored; std::filesystem::is_directory(file, ignored)) {
      return "; it is a folder: remove it, and restore the database from a backup";
    }
    switch (failure.primary()) {
      case SQLITE_NOTADB:
      case SQLITE_CORRUPT:
        return "; it is damaged, or another program's: restore it from a backup, or name another folder with --data";
      case SQLITE_CANTOPEN:
      case SQLITE_READONLY:
      case SQLITE_PERM:
        return "; run as a user who may write to it and to its folder, or name another folder with --data";
      case SQLITE_FULL:
        return "; make room on its disk";
      case SQLITE_IOERR:
        return "; its disk is full or has failed: make room, or look for errors in the system's log and run `integrity"
               " check` afterwards";
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        return "; end the other program that has it open";
      default:
        return {};
    }
  };
  return {failure.code, file.string() + ": " + failure.what() + advice()};
}

int Run::step() {
  return sqlite3_step(statement_);
}

bool Run::next() {
  column_ = 0;
  const int code = step();
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(code);
  return false;
}

void Run::fail(int code) const {
  std::string what = sqlite3_errmsg(sqlite3_db_handle(statement_));
  const std::string kind = sqlite3_errstr(code);  // often the same words
  what += " (" + (what == kind ? "" : kind + ", ") + std::to_string(code) + ")";
  throw Failure(code, what);
}

std::string Run::shown(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_BLOB) {
    Bytes bytes;
    read(column, bytes);
    return to_hex(bytes);
  }
  std::string text;
  read(column, text);
  return text;
}

bool Run::has_broken_text() const {
  for (int column = 0; column < sqlite3_data_count(statement_); ++column) {
    if (sqlite3_column_type(statement_, column) != SQLITE_TEXT) continue;
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (!count_code_points({text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))})) return true;
  }
  return false;
}

void Run::read(int column, std::int64_t& value) const {
  value = sqlite3_column_int64(statement_, column);
}
void Run::read(int column, int& value) const {
  value = sqlite3_column_int(statement_, column);
}
void Run::read(int column, Time& value) const {
  value = from_millis(sqlite3_column_int64(statement_, column));
}
void Run::read(int column, std::string& value) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  value.assign(text == nullptr ? "" : text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}
void Run::read(int column, bool& value) const {
  value = sqlite3_column_int(statement_, column) != 0;
}
void Run::read(int column, std::vector<std::string>& value) const {
  value.clear();
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return;
  std::string text;
  read(column, text);
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    value.push_back(text.substr(at, end - at));
    at = end + 1;
  }
}
void Run::read(int column, model::Scopes& value) const {
  std::vector<std::string> names;
  read(column, names);
  value = {};
  for (const auto& name : names) {
    const auto scope = model::scope_named(name);
    if (!scope) throw Failure(SQLITE_CORRUPT, "a row has the unknown scope " + name);
    value.add(*scope);
  }
}
void Run::read(int column, Bytes& value) const {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  value.assign(data, data + sqlite3_column_bytes(statement_, column));
}
void Run::read_exactly(int column, std::span<std::uint8_t> value) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  if (size != value.size()) throw Failure(SQLITE_CORRUPT, "a stored id or hash has a wrong length");
  std::memcpy(value.data(), data, size);
}

void Run::bind(int index, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(statement_, index, value); code != SQLITE_OK) fail(code);
}
void Run::bind(int index, std::string_view value) {
  const int code = sqlite3_bind_text64(statement_, index, value.data() ? value.data() : "", value.size(), SQLITE_STATIC,
                                       SQLITE_UTF8);
  if (code != SQLITE_OK) fail(code);
}
void Run::bind(int index, ByteView value) {
  const int code = value.empty() ? sqlite3_bind_null(statement_, index)
                                 : sqlite3_bind_blob64(statement_, index, value.data(), value.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) fail(code);
}
void Run::bind(int index, const std::vector<std::string>& words) {
  if (words.empty()) return bind(index, std::nullopt);
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  const int code =
      sqlite3_bind_text64(statement_, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);  // copied
  if (code != SQLITE_OK) fail(code);
}
void Run::bind(int index, std::nullopt_t) {
  if (const int code = sqlite3_bind_null(statement_, index); code != SQLITE_OK) fail(code);
}

Database::Database(const std::filesystem::path& file, Open how) {
  configure_library();
  if (how == Open::create) create_private(file);
  const bool unchanging = how == Open::unchanging;
  const int access = how == Open::read || unchanging ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int more = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (unchanging ? SQLITE_OPEN_URI : 0);
  const std::string name = unchanging ? unchanging_uri(file) : file.string();
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(name.c_str(), &raw, access | more, how == Open::alone || unchanging ? kAlone : nullptr);
  handle_.reset(raw);
  if (code != SQLITE_OK) {
    throw Failure(code, "cannot open the database: " + std::string(sqlite3_errstr(code)));
  }
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  // The schema has neither: whoever could write to the file must not let its own run here.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  // Not without a journal, which this would forbid.
  if (how != Open::alone) sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // No mmap: a disk that cannot be read should be an error, not a SIGBUS.
  execute(
      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;"
      "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;");
}

void Database::fail() const {
  throw Failure(sqlite3_extended_errcode(handle_.get()), sqlite3_errmsg(handle_.get()));
}

// Uses SQLite's file layer, as all other writes do. The file is removed from its folder as soon as it is open.
Status Database::expect_room(std::size_t bytes) const {
  sqlite3_vfs* vfs = nullptr;
  sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
  const std::string name = std::string(sqlite3_db_filename(handle_.get(), "main")) + "-room";
  const auto memory =
      std::make_unique<std::max_align_t[]>(static_cast<std::size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
  auto* const file = reinterpret_cast<sqlite3_file*>(memory.get());
  int code = vfs->xOpen(
      vfs, name.c_str(), file,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_TEMP_JOURNAL, nullptr);
  static constexpr std::array<char, 64 * 1024> kPart{};
  for (std::size_t at = 0; code == SQLITE_OK && at < bytes; at += kPart.size()) {
    code = file->pMethods->xWrite(file, kPart.data(), static_cast<int>(kPart.size()), static_cast<sqlite3_int64>(at));
  }
  if (file->pMethods != nullptr) file->pMethods->xClose(file);
  if (code == SQLITE_OK) return {};
  Error error = unavailable("a file of " + std::to_string(bytes) + " bytes: " + sqlite3_errstr(code));
  error.detail = "the store has hardly any room left on its disk: larger writes are refused. Try again shortly";
  return error;
}

void Database::execute(const std::string& script) {
  if (sqlite3_exec(handle_.get(), script.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

sqlite3_stmt* Database::prepared(Sql sql) {
  auto& kept = statements_[sql.text];
  if (!kept) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql.text, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    kept.reset(raw);
    if (code != SQLITE_OK) fail();
  }
  return kept.get();
}

}  // namespace integrity::store::sqlite
