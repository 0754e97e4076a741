#include "store/bulk.hpp"

#include "store/sqlite/bulk_rows.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "store/sqlite/watermark.hpp"
#include "store/sqlite/word_index.hpp"

namespace integrity::store::sqlite {
namespace {

using Take = std::function<void(Row)>;

class SqliteBulk final : public Bulk {
 public:
  using Open = Database::Open;

  SqliteBulk(std::filesystem::path file, const model::ProductText& text, Open how = Open::write)
      : file_(std::move(file)), text_(text), alone_(how == Open::alone) {
    if (!std::filesystem::exists(file_)) return;
    db_.emplace(file_, how);
    refuse_newer(*db_);
  }

  std::string address() const override { return file_.parent_path().string(); }
  std::optional<MigrationState> migration_state() override { return db_ ? migration_state_of(*db_) : std::nullopt; }

  // One of an older program was not made by a migration, and is not read.
  bool empty() override {
    if (!db_ || version_of(*db_) == 0) return true;
    if (version_of(*db_) < newest_version) return false;
    for (const RowKind kind : all_row_kinds()) {
      if (count(kind) > 0) return false;
    }
    return true;
  }

  // A database that this program made has a version.
  std::optional<std::string> foreign() override {
    if (!db_ || version_of(*db_) != 0) return {};
    auto row = db_->query("SELECT type || ' ' || name FROM sqlite_schema LIMIT 1");
    return row.next() ? std::optional("the " + row.take<std::string>()) : std::nullopt;
  }

  void prepare() override {
    if (alone_) return make_ready_alone(*db_, text_);
    if (!db_) db_.emplace(file_, Database::Open::create);
    make_ready(*db_, text_);
    // Rows go all over the indexes, and nobody waits for a response while the log is copied back.
    db_->execute("PRAGMA cache_size = -131072; PRAGMA wal_autocheckpoint = 8192;");
  }

  // The folder lock excludes every other process.
  void set_migration_state(const std::optional<MigrationState>& state) override {
    in_transaction([&] { sqlite::set_migration_state(*db_, state); });
  }

  std::size_t count(RowKind kind) override {
    return with_type_of(kind, [this]<class T>(std::type_identity<T>) {
      auto row = db_->query(Rows<T>::count);
      row.next();
      return static_cast<std::size_t>(row.template take<std::int64_t>());
    });
  }

  void read(RowKind kind, std::size_t skip, const Take& take) override {
    with_type_of(kind, [&]<class T>(std::type_identity<T>) {
      for (auto row = db_->query(Rows<T>::read, skip); row.next();) take(Rows<T>::take(*db_, row));
    });
  }

  void write(std::span<const Row> rows) override {
    in_transaction([&] {
      for (const Row& row : rows) std::visit([this](const auto& value) { put(value); }, row);
    });
  }

  void clear() override { throw std::logic_error("the file of a broken-off copy is removed instead"); }

  Watermark watermark() override { return watermark_of(*db_); }
  void set_watermark(const Watermark& watermark) override {
    in_transaction([&] { sqlite::set_watermark(*db_, watermark); });
  }

 private:
  void in_transaction(const std::function<void()>& work) {
    db_->run("BEGIN IMMEDIATE");
    try {
      work();
      db_->run("COMMIT");
    } catch (...) {
      if (db_->in_transaction()) sqlite3_exec(db_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
      throw;
    }
  }

  template <class T>
  void put(const T& row) {  // stored responses after those that are there
    insert(*db_, row);
  }
  void put(const model::User& user) {
    if (!insert_unless_taken(*db_, user)) throw std::runtime_error("two accounts have the username " + user.username);
  }
  void put(const RecoveryCodesOf& row) {
    for (const auto& hash : row.hashes) {
      db_->run("INSERT INTO recovery_codes (user, hash) VALUES (?, ?)", row.user, ByteView(hash));
    }
  }
  void put(const SequencedProduct& row) {
    const model::Product& p = row.product;
    db_->run(
        "INSERT INTO products (place, id, price, stock, version, created_at, updated_at, currency, sku, name, name_key,"
        " description) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row.sequence, p.id, p.price.units, p.stock, p.version, p.created_at, p.updated_at, p.currency, p.sku, p.name,
        text_.sort_key(p.name), p.description);
    add_words(*db_, row.sequence, text_.word_text(p));
  }
  void put(const model::Change& change) {
    if (change.kind == model::RecordKind::product) {
      put_product_change(change);
    } else {
      insert(*db_, change);
    }
    set_words_through(*db_, change.number);  // products come before changes, and with their words
  }
  // The state after a change is stored as `before` of the next change (rows.hpp) as soon as that comes, and nowhere for
  // the newest change, whose product is here already.
  void put_product_change(const model::Change& change) {
    auto sequence = sequence_of(*db_, ProductId{change.record.bytes});
    if (!sequence) {  // deleted before the migration
      sequence = -change.number;
      db_->run("INSERT INTO deleted_products (id, place) VALUES (?, ?)", change.record, *sequence);
    }
    std::string before;
    for (auto row =
             db_->query("SELECT after FROM changes WHERE product = ? AND revision = ?", *sequence, change.revision - 1);
         row.next();) {
      before = row.take<std::optional<std::string>>().value_or("");
    }
    insert_product_change(*db_, change, *sequence, before);
    db_->run("UPDATE changes SET after = NULL WHERE product = ? AND revision = ?", *sequence, change.revision - 1);
    const auto now = product(*db_, ProductId{change.record.bytes});
    if (change.after.empty() || (now && now->version == change.revision)) return;
    db_->run("UPDATE changes SET after = ? WHERE number = ?", change.after, change.number);
  }
  const std::filesystem::path file_;
  const model::ProductText text_;
  const bool alone_;
  std::optional<Database> db_;
};

}  // namespace

std::unique_ptr<Bulk> open_sqlite_bulk(const std::filesystem::path& file, const model::ProductText& text) {
  return naming(file, [&] { return std::make_unique<SqliteBulk>(file, text); });
}

std::unique_ptr<Bulk> open_sqlite_bulk_alone(const std::filesystem::path& file, const model::ProductText& text) {
  return std::make_unique<SqliteBulk>(file, text, Database::Open::alone);
}

std::unique_ptr<RowSource> open_sqlite_rows(const std::filesystem::path& file, const model::ProductText& text) {
  return naming(file, [&] { return std::make_unique<SqliteBulk>(file, text, Database::Open::unchanging); });
}

}  // namespace integrity::store::sqlite
