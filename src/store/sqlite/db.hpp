// SQLite's C interface as values: a connection, and runs of its prepared statements.
//
//   db.run("UPDATE products SET stock = ? WHERE id = ?", stock, id);
//   for (auto row = db.query("SELECT name, sku FROM products WHERE id = ?", id); row.next();) {
//     auto name = row.take<std::string>();                  // columns are taken from left to right
//     auto sku = row.take<std::optional<std::string>>();
//   }
//
// Statements are prepared once for each literal in the code and kept. Bound texts and blobs are not
// copied: they MUST live until the run ends. A Database is used by one thread at a time. Every
// error throws Failure, except a broken UNIQUE constraint in `run_unless_taken`.
#pragma once
#include <sqlite3.h>

#include <array>
#include <concepts>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/id.hpp"
#include "store/enum_names.hpp"
#include "store/store.hpp"

namespace integrity::store::sqlite {

struct Failure : Unavailable {
  Failure(int extended_code, const std::string& what) : Unavailable(what), code(extended_code) {}
  int code;  // an extended result code of SQLite
  int primary() const { return code & 0xff; }
};

// What went wrong with a database file when it was opened, with its path and what to do about it.
Failure about_file(const std::filesystem::path& file, const Failure& failure);

// Runs `open`, which opens `file`. Every Unavailable that it throws names the file.
template <class Open>
auto naming(const std::filesystem::path& file, Open open) {
  try {
    return open();
  } catch (const Unavailable& error) {
    const std::string what = error.what();
    if (what.find(file.string()) != std::string::npos) throw;
    if (const auto* const failure = dynamic_cast<const Failure*>(&error)) throw about_file(file, *failure);
    throw Unavailable(file.string() + ": " + what);
  }
}

// SQL is a literal, so text that was built at run time cannot be passed.
struct Sql {
  consteval Sql(const char* literal) : text(literal) {}  // NOLINT: so that a call shows the literal only
  const char* text;
};

// One run of a statement. It ends with this object, and with it the locks that it holds.
class Run {
 public:
  explicit Run(sqlite3_stmt* statement) : statement_(statement) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() { sqlite3_reset(statement_); }

  bool next();  // to the next row; false after the last one
  template <class T>
  T take() {
    T value;
    read(column_++, value);
    return value;
  }
  void skip() { ++column_; }
  std::string shown(int column) const;  // for people: bytes in hexadecimal
  bool has_broken_text() const;         // a text of this row is not UTF-8, which SQLite does not look at

 private:
  friend class Database;
  int step();  // SQLITE_ROW, SQLITE_DONE or an extended error code
  [[noreturn]] void fail(int code) const;

  void read(int column, std::int64_t& value) const;
  void read(int column, bool& value) const;
  void read(int column, int& value) const;
  void read(int column, std::string& value) const;
  void read(int column, std::vector<std::string>& value) const;  // of words, with spaces between them; NULL is empty
  void read(int column, model::Scopes& value) const;
  void read(int column, Bytes& value) const;  // NULL is empty
  void read(int column, Time& value) const;
  template <class Enum>
  requires std::is_enum_v<Enum>
  void read(int column, Enum& value) const {
    std::string name;
    read(column, name);
    const auto found = value_of<Enum>(name);
    if (!found) throw Failure(SQLITE_CORRUPT, "a row has the unknown word " + name);
    value = *found;
  }
  template <std::size_t n>
  void read(int column, std::array<std::uint8_t, n>& value) const {
    read_exactly(column, value);
  }
  template <class Tag>
  void read(int column, Id<Tag>& value) const {
    read_exactly(column, value.bytes);
  }
  template <class T>
  void read(int column, std::optional<T>& value) const {
    if (sqlite3_column_type(statement_, column) != SQLITE_NULL) read(column, value.emplace());
  }
  void read_exactly(int column, std::span<std::uint8_t> value) const;

  void bind(int index, std::int64_t value);
  void bind(int index, std::size_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, int value) { bind(index, std::int64_t{value}); }
  void bind(int index, std::same_as<bool> auto value) { bind(index, std::int64_t{value}); }
  void bind(int index, const std::vector<std::string>& words);  // empty is NULL
  void bind(int index, model::Scopes value) { bind(index, names_of(value)); }
  void bind(int index, Time value) { bind(index, to_millis(value)); }
  void bind(int index, std::string_view value);
  void bind(int index, ByteView value);  // empty is NULL
  void bind(int index, const Bytes& value) { bind(index, ByteView(value)); }
  void bind(int index, std::nullopt_t);
  template <class Enum>
  requires std::is_enum_v<Enum>
  void bind(int index, Enum value) { bind(index, name_of(value)); }
  template <std::size_t n>
  void bind(int index, const std::array<std::uint8_t, n>& value) {
    bind(index, ByteView(value));
  }
  template <class Tag>
  void bind(int index, const Id<Tag>& value) {
    bind(index, ByteView(value.bytes));
  }
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    value ? bind(index, *value) : bind(index, std::nullopt);
  }

  sqlite3_stmt* statement_;
  int column_ = 0;
};

class Database {
 public:
  enum class Open : std::uint8_t {
    create,
    write,
    read,
    // Without locks, and with the path as it is given, so that path_of(fd) opens that file:
    alone,       // to write a file that no other connection may use
    unchanging,  // to read a file that nobody writes; without files next to it
  };
  Database(const std::filesystem::path& file, Open how);

  template <class... Args>
  Run query(Sql sql, const Args&... args) {
    return Run(bound(sql, args...));
  }
  // Runs to the end. Returns how many rows it changed.
  template <class... Args>
  std::size_t run(Sql sql, const Args&... args) {
    Run run(bound(sql, args...));
    while (run.next()) {
    }
    return changed_rows();
  }
  // The same for an insert or update of one row; nothing when a UNIQUE index has its value already
  // (a primary key that is taken is a Failure).
  template <class... Args>
  std::optional<std::size_t> run_unless_taken(Sql sql, const Args&... args) {
    Run run(bound(sql, args...));
    const int code = run.step();
    if (code == SQLITE_CONSTRAINT_UNIQUE) return {};
    if (code != SQLITE_DONE) run.fail(code);
    return changed_rows();
  }
  // Writes this many bytes into a file next to this one, and removes that file. Error: unavailable.
  Status expect_room(std::size_t bytes) const;
  // Runs a script of several statements, which are not kept.
  void execute(const std::string& script);

  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  std::int64_t last_inserted_rowid() const { return sqlite3_last_insert_rowid(handle_.get()); }
  std::int64_t rows_changed_ever() const { return sqlite3_total_changes64(handle_.get()); }
  sqlite3* handle() const { return handle_.get(); }

 private:
  template <class... Args>
  sqlite3_stmt* bound(Sql sql, const Args&... args) {
    sqlite3_stmt* const statement = prepared(sql);
    Run run(statement);
    int index = 0;
    (run.bind(++index, args), ...);
    return statement;
  }
  sqlite3_stmt* prepared(Sql sql);
  std::size_t changed_rows() const { return static_cast<std::size_t>(sqlite3_changes64(handle_.get())); }
  [[noreturn]] void fail() const;

  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

// Statements that run while this lives see one state. Inside a transaction they do so anyway.
class OneState {
 public:
  explicit OneState(Database& db) : db_(db), own_(!db.in_transaction()) {
    if (own_) db_.run("BEGIN");
  }
  OneState(const OneState&) = delete;
  OneState& operator=(const OneState&) = delete;
  ~OneState() {
    if (own_) sqlite3_exec(db_.handle(), "COMMIT", nullptr, nullptr, nullptr);
  }

 private:
  Database& db_;
  const bool own_;
};

}  // namespace integrity::store::sqlite
