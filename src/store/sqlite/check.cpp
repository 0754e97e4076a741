#include "store/sqlite/check.hpp"

#include <algorithm>
#include <map>

#include "base/ascii.hpp"
#include "base/checksum.hpp"
#include "store/sqlite/bulk_rows.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/watermark.hpp"
#include "store/sqlite/word_index.hpp"

namespace integrity::store::sqlite {
namespace {

// The tables that FTS5 makes for the index of words: their text is that of a version of SQLite.
constexpr std::string_view kOfWords = "product_words_";

constexpr int kStepsBetweenLooks = 10'000;  // of SQLite's machine: less than a millisecond

// Without quotes and line breaks, which versions of SQLite write differently.
std::string plain(std::string_view sql) {
  std::string out;
  for (const char each : sql) {
    if (each == '"') continue;
    const bool space = each == ' ' || each == '\n' || each == '\t';
    if (!space) out += each;
    if (space && !out.empty() && out.back() != ' ') out += ' ';
  }
  return out;
}

// SQL by type and name: a trigger may have the name of an index. The tables of SQLite's planner are left out.
std::map<std::pair<std::string, std::string>, std::string> schema_of(Database& db) {
  std::map<std::pair<std::string, std::string>, std::string> objects;
  for (auto row = db.query("SELECT type, name, coalesce(sql, '') FROM sqlite_schema"
                           " WHERE NOT (type = 'table' AND name IN ('sqlite_stat1', 'sqlite_stat4'))");
       row.next();) {
    auto type = row.take<std::string>();
    auto name = row.take<std::string>();
    const auto sql = row.take<std::string>();
    const bool of_words = type == "table" && name.starts_with(kOfWords);
    objects[{std::move(type), std::move(name)}] = of_words ? "" : plain(sql);
  }
  return objects;
}

// Of what `Rows<T>::read` selects.
template <class T>
constexpr int id_column = std::is_same_v<T, SequencedProduct> ? 1 : 0;

// As for writing, although nothing is written: SQLite leaves the CHECK constraints of a file that is opened for reading
// out. Where this user may only read the file, it is opened so. The log is not copied back into the file at the end.
Database open_shared(const std::filesystem::path& file) {
  if (std::error_code none; std::filesystem::file_size(file.string() + "-journal", none) > 0 && !none) {
    throw Unavailable("an upgrade of the database was interrupted; start the server once: it undoes and repeats it");
  }
  Database db(file, Database::Open::write);
  sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return db;
}

class SqliteCheck final : public CheckSource {
 public:
  SqliteCheck(const std::filesystem::path& file, const model::ProductText& text, Database db, std::uint64_t log_max)
      : file_(file), text_(text), db_(std::move(db)), growth_(file), log_max_(log_max) {
    db_.execute("PRAGMA cache_size = -32768; PRAGMA query_only = ON; BEGIN");
    expect_current(db_);
    sqlite3_progress_handler(
        db_.handle(), kStepsBetweenLooks,
        [](void* to) { return static_cast<const SqliteCheck*>(to)->goes_on() ? 0 : 1; }, this);
  }

  std::size_t count(RowKind kind, CheckReport& report) override {
    std::int64_t count = 0;
    unless_damaged(report, name_of(kind), [&] {
      with_type_of(kind, [&]<class T>(std::type_identity<T>) {
        auto row = db_.query(Rows<T>::count);
        row.next();
        count = row.template take<std::int64_t>();
      });
    });
    return static_cast<std::size_t>(count);
  }

  bool read(RowKind kind, const std::function<void(const Row&)>& take, CheckReport& report) override {
    return unless_damaged(report, name_of(kind), [&] {
      with_type_of(kind, [&]<class T>(std::type_identity<T>) { read<T>(kind, take, report); });
    });
  }

  // What is known of changes that are gone: the words are indexed up to one.
  std::optional<Watermark> watermark(CheckReport& report) override {
    std::optional<Watermark> watermark;
    unless_damaged(report, "the last change number", [&] {
      Watermark known = watermark_of(db_);
      known.number = std::max(known.number, words_through(db_));
      watermark = known;
    });
    return watermark;
  }

  void check_own(CheckReport& report) override {
    unless_damaged(report, "the state of a migration", [&] { refuse_half_a_copy(); });
    unless_damaged(report, "the file", [&] { check_file(report); });
    unless_damaged(report, "the schema", [&] { check_schema(db_, report); });
    unless_damaged(report, "the sequence numbers of changes", [&] { check_sequences(report); });
    unless_damaged(report, "the index of words", [&] { check_words(db_, text_, report); });
  }

 private:
  // False where the file is damaged, which is reported. Other failures mean that it cannot be read now.
  template <class Read>
  bool unless_damaged(CheckReport& report, std::string_view what, Read read) {
    try {
      read();
      return true;
    } catch (const Failure& failure) {
      if (failure.primary() == SQLITE_INTERRUPT) {
        throw Unavailable(file_.string() +
                          ": its log grew too much while it was read, because clients wrote so much meanwhile: check it"
                          " when the server is stopped, or when there is less to do");
      }
      if (failure.primary() != SQLITE_CORRUPT) throw about_file(file_, failure);
      found_in_file(report, std::string(what) + " cannot be read to the end: " + failure.what());
      return false;
    }
  }
  bool goes_on() const {
    if (pages_ != nullptr) pages_->progress("pages", 0, 0);
    return growth_.bytes() <= log_max_;
  }
  void found_in_file(CheckReport& report, std::string_view what) { report.found("file " + file_.string(), what); }

  template <class T>
  void read(RowKind kind, const std::function<void(const Row&)>& take, CheckReport& report) {
    for (auto row = query<T>(); row.next();) {
      std::optional<Row> value;
      try {
        value.emplace(row_of(std::type_identity<T>(), row, report));
      } catch (const Failure& failure) {
        if (failure.primary() != SQLITE_CORRUPT) throw;
        report.found(about(kind, row.shown(id_column<T>)), std::string("cannot be read: ") + failure.what());
        continue;
      }
      if (row.has_broken_text()) {
        report.found(about(kind, row.shown(id_column<T>)), "cannot be read: a text is not UTF-8");
      }
      take(*value);
    }
  }
  template <class T>
  Run query() {
    if constexpr (std::is_same_v<T, model::Change>) {
      return db_.query(select_changes_and_checksums);
    } else {
      return db_.query(Rows<T>::read, 0);
    }
  }
  template <class T>
  T row_of(std::type_identity<T>, Run& row, CheckReport&) {
    return Rows<T>::take(db_, row);
  }

  static constexpr Sql select_changes_and_checksums =
      select_from<model::Change, "ORDER BY number",
                  ", (SELECT next.before FROM changes next WHERE next.product = changes.product"
                  " AND next.revision = changes.revision + 1), checksum">;
  // The state that a change of a product made is in the change after it, or it is the product itself. Only its checksum
  // is in the change.
  model::Change row_of(std::type_identity<model::Change>, Run& row, CheckReport& report) {
    auto change = sqlite::take<model::Change>(row);
    auto replaced = row.take<std::optional<std::string>>();
    const auto sum = row.take<std::optional<std::int64_t>>();
    if (change.kind != model::RecordKind::product || !change.after.empty()) return change;
    const bool newest = !replaced;
    if (newest) {
      const auto now = product(db_, ProductId{change.record.bytes});
      if (now && now->version == change.revision) append_json(change.after, *now);
    } else {
      change.after = std::move(*replaced);
    }
    if (sum && !change.after.empty() && sum != checksum_of_state(change.after)) {
      report.found(about(change.kind, change.record.hex()), newest
                                                                ? "is not what its last change says"
                                                                : "what change " + std::to_string(change.number) +
                                                                      " made is not what the change after it replaced");
    }
    return change;
  }

  void refuse_half_a_copy() {
    const auto state = migration_state_of(db_);
    if (!state || state->role != MigrationState::Role::target || !state->closed()) return;
    throw Unavailable(file_.string() + ": " + why_closed(*state));
  }

  void check_file(CheckReport& report) {
    pages_ = &report;
    report.progress("pages", 0, 0);
    std::string said;
    for (auto row = db_.query("PRAGMA integrity_check"); row.next();) said += row.take<std::string>() + '\n';
    pages_ = nullptr;
    for (std::size_t at = 0; at < said.size();) {
      const auto end = said.find('\n', at);
      const auto line = said.substr(at, end - at);
      if (!line.empty() && line != "ok" && !line.starts_with("***")) found_in_file(report, line);
      at = end + 1;
    }
  }

  // The changes of a product are found by its sequence number, those of a deleted one too.
  void check_sequences(CheckReport& report) {
    const auto found = [&](Run row, std::string_view what) {
      while (row.next()) report.found(about(model::RecordKind::product, row.take<ProductId>().hex()), what);
    };
    found(db_.query("SELECT c.record FROM changes c LEFT JOIN products p ON p.place = c.product"
                    " LEFT JOIN deleted_products d ON d.id = c.record WHERE c.product IS NOT NULL"
                    " AND p.id IS NOT c.record AND d.place IS NOT c.product GROUP BY c.record"),
          "has changes that cannot be found by its sequence number");
    found(db_.query("SELECT id FROM deleted_products WHERE id IN (SELECT id FROM products)"),
          "is there, and among the deleted ones");
    found(db_.query("SELECT d.id FROM deleted_products d"
                    " WHERE NOT EXISTS (SELECT 1 FROM changes c WHERE c.product = d.place AND c.record = d.id)"),
          "is among the deleted ones and has no change in the history");
  }

  const std::filesystem::path file_;
  const model::ProductText text_;
  Database db_;
  const LogGrowth growth_;
  const std::uint64_t log_max_;
  CheckReport* pages_ = nullptr;  // while the pages are checked
};

}  // namespace

std::unique_ptr<CheckSource> open_sqlite_check(const std::filesystem::path& file, const model::ProductText& text,
                                               std::uint64_t log_max) {
  return naming(file, [&] { return std::make_unique<SqliteCheck>(file, text, open_shared(file), log_max); });
}

std::unique_ptr<CheckSource> open_sqlite_check_alone(const std::filesystem::path& file,
                                                     const model::ProductText& text) {
  return naming(file, [&] {
    return std::make_unique<SqliteCheck>(file, text, Database(file, Database::Open::alone), log_growth_max);
  });
}

// The tables and indexes are compared with those of a new database of the same version.
void check_schema(Database& db, CheckReport& report) {
  Database fresh(":memory:", Database::Open::write);
  migrate(fresh, version_of(db));
  auto wanted = schema_of(fresh);
  for (const auto& [object, sql] : schema_of(db)) {
    const auto about = object.first + ' ' + object.second;
    const auto known = wanted.find(object);
    if (known == wanted.end()) {
      report.found(about, "is not this program's");
      continue;
    }
    if (known->second != sql) report.found(about, "is not as this program makes it: " + sql);
    wanted.erase(known);
  }
  for (const auto& [object, sql] : wanted) report.found(object.first + ' ' + object.second, "is missing");
}

void check_schema_of(const std::filesystem::path& file, CheckReport& report) {
  naming(file, [&] {
    Database db(file, Database::Open::unchanging);
    check_schema(db, report);
  });
}

}  // namespace integrity::store::sqlite
