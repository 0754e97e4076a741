#include "store/bulk.hpp"

#include "store/sqlite/head.hpp"
#include "store/sqlite/rows.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/search.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::store::sqlite {
namespace {

using Take = std::function<void(Row)>;

template <class T>
void each(Run run, T (*take_row)(Run&), const Take& take) {
  while (run.next()) take(take_row(run));
}

FactorCountersOf take_counters_of(Run& row) {
  return {.user = row.take<UserId>(), .counters = take_factor_counters(row)};
}

PlacedProduct take_placed_product(Run& row) {
  return {.place = row.take<std::int64_t>(), .product = take_product(row)};
}

KeptAnswerOf take_kept_answer_of(Run& row) {
  return {.user = row.take<UserId>(),
          .key = row.take<model::AnswerKey>(),
          .answer = {.request = row.take<model::Digest>(),
                     .status = row.take<int>(),
                     .headers = row.take<std::string>(),
                     .body = row.take<std::string>(),
                     .expires_at = row.take<Time>()}};
}

KeyFingerprint take_key_fingerprint(Run& row) {
  return {.key = row.take<std::string>(), .fingerprint = row.take<model::Digest>()};
}

// A row here for each code.
void each_recovery_codes(Run row, std::size_t skip, const Take& take) {
  RecoveryCodesOf codes;
  const auto give = [&] {
    if (codes.hashes.empty()) return;
    if (skip == 0) return take(codes);
    --skip;
  };
  while (row.next()) {
    const auto user = row.take<UserId>();
    if (user != codes.user) {
      give();
      codes = {.user = user, .hashes = {}};
    }
    codes.hashes.push_back(row.take<model::Digest>());
  }
  give();
}

class SqliteBulk final : public Bulk {
 public:
  SqliteBulk(std::filesystem::path file, const model::ProductText& text) : file_(std::move(file)), text_(text) {
    if (!std::filesystem::exists(file_)) return;
    db_.emplace(file_, Database::Open::write);
    refuse_newer(*db_);
  }

  std::string address() const override { return file_.parent_path().string(); }
  std::optional<Mark> mark() override { return db_ ? mark_of(*db_) : std::nullopt; }

  // One of an older program was not made by a move, and is not looked into.
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
    if (!db_) db_.emplace(file_, Database::Open::create);
    make_ready(*db_, text_);
    // Rows go all over the indexes, and nobody waits for an answer while the log is copied back.
    db_->execute("PRAGMA cache_size = -131072; PRAGMA wal_autocheckpoint = 8192;");
  }

  // Whoever has the folder is alone.
  void set_mark(const std::optional<Mark>& mark) override {
    in_transaction([&] { sqlite::set_mark(*db_, mark); });
  }

  std::size_t count(RowKind kind) override {
    auto row = count_of(kind);
    row.next();
    return static_cast<std::size_t>(row.take<std::int64_t>());
  }

  void read(RowKind kind, std::size_t skip, const Take& take) override {
    Database& db = *db_;
    switch (kind) {
      case RowKind::users:
        return each(db.query("SELECT " USER_COLUMNS " FROM users ORDER BY id LIMIT -1 OFFSET ?", skip), take_user,
                    take);
      case RowKind::factor_counters:
        return each(
            db.query("SELECT user, " COUNTER_COLUMNS " FROM factor_counters ORDER BY user LIMIT -1 OFFSET ?", skip),
            take_counters_of, take);
      case RowKind::recovery_codes:
        return each_recovery_codes(db.query("SELECT user, hash FROM recovery_codes ORDER BY user, hash"), skip, take);
      case RowKind::challenges:
        return each(
            db.query("SELECT " CHALLENGE_COLUMNS " FROM challenges ORDER BY token_hash LIMIT -1 OFFSET ?", skip),
            take_challenge, take);
      case RowKind::sessions:
        return each(db.query("SELECT " SESSION_COLUMNS " FROM sessions ORDER BY id LIMIT -1 OFFSET ?", skip),
                    take_session, take);
      case RowKind::products:
        return each(
            db.query("SELECT p.place, " PRODUCT_COLUMNS " FROM products p ORDER BY p.place LIMIT -1 OFFSET ?", skip),
            take_placed_product, take);
      case RowKind::changes:
        return each(db.query("SELECT " CHANGE_COLUMNS " FROM changes ORDER BY number LIMIT -1 OFFSET ?", skip),
                    take_change, take);
      case RowKind::kept_answers:
        return each(db.query("SELECT user, key, request, status, headers, body, expires_at FROM kept_answers"
                             " ORDER BY number LIMIT -1 OFFSET ?",
                             skip),
                    take_kept_answer_of, take);
      case RowKind::key_fingerprints:
        return each(db.query("SELECT key, fingerprint FROM key_fingerprints ORDER BY key LIMIT -1 OFFSET ?", skip),
                    take_key_fingerprint, take);
    }
  }

  void write(std::span<const Row> rows) override {
    in_transaction([&] {
      for (const Row& row : rows) std::visit([this](const auto& value) { put(value); }, row);
    });
  }

  Head head() override { return head_of(*db_); }
  void set_head(const Head& head) override {
    in_transaction([&] { sqlite::set_head(*db_, head); });
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

  Run count_of(RowKind kind) {
    switch (kind) {
      case RowKind::users:
        return db_->query("SELECT count(*) FROM users");
      case RowKind::factor_counters:
        return db_->query("SELECT count(*) FROM factor_counters");
      case RowKind::recovery_codes:
        return db_->query("SELECT count(DISTINCT user) FROM recovery_codes");
      case RowKind::challenges:
        return db_->query("SELECT count(*) FROM challenges");
      case RowKind::sessions:
        return db_->query("SELECT count(*) FROM sessions");
      case RowKind::products:
        return db_->query("SELECT count(*) FROM products");
      case RowKind::changes:
        return db_->query("SELECT count(*) FROM changes");
      case RowKind::kept_answers:
        return db_->query("SELECT count(*) FROM kept_answers");
      case RowKind::key_fingerprints:
        return db_->query("SELECT count(*) FROM key_fingerprints");
    }
    throw std::logic_error("an unknown kind of rows");
  }

  void put(const model::User& user) {
    if (!insert(*db_, user)) throw std::runtime_error("two accounts have the username " + user.username);
  }
  void put(const FactorCountersOf& row) {
    db_->run("INSERT INTO factor_counters (user, " COUNTER_COLUMNS ") VALUES (?, ?, ?, ?, ?)", row.user,
             row.counters.last_step, row.counters.failures, row.counters.failures_unredeemed,
             row.counters.locked_until);
  }
  void put(const RecoveryCodesOf& row) {
    for (const auto& hash : row.hashes) {
      db_->run("INSERT INTO recovery_codes (user, hash) VALUES (?, ?)", row.user, ByteView(hash));
    }
  }
  void put(const model::Challenge& challenge) { insert(*db_, challenge); }
  void put(const model::Session& session) { insert(*db_, session); }
  void put(const PlacedProduct& row) {
    const model::Product& p = row.product;
    db_->run(
        "INSERT INTO products (place, id, price, stock, version, created_at, updated_at, currency, sku, name, name_key,"
        " description) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row.place, p.id, p.price.units, p.stock, p.version, p.created_at, p.updated_at, p.currency, p.sku, p.name,
        text_.sort_key(p.name), p.description);
    db_->run("INSERT INTO product_words (rowid, words) VALUES (?, ?)", row.place, joined(text_.words_of(p)));
  }
  void put(const model::Change& change) { insert(*db_, change, change.number, change.at); }
  void put(const KeptAnswerOf& row) {  // behind those that are there
    const model::KeptAnswer& a = row.answer;
    db_->run(
        "INSERT INTO kept_answers (user, key, request, status, headers, body, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        row.user, ByteView(row.key), ByteView(a.request), a.status, a.headers, a.body, a.expires_at);
  }
  void put(const KeyFingerprint& row) {
    db_->run("INSERT INTO key_fingerprints (key, fingerprint) VALUES (?, ?)", row.key, ByteView(row.fingerprint));
  }

  const std::filesystem::path file_;
  const model::ProductText text_;
  std::optional<Database> db_;
};

}  // namespace

std::unique_ptr<Bulk> open_sqlite_bulk(const std::filesystem::path& file, const model::ProductText& text) {
  return naming(file, [&] { return std::make_unique<SqliteBulk>(file, text); });
}

}  // namespace integrity::store::sqlite
