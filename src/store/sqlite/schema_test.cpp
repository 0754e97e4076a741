// What the tables refuse whatever the code does, and which files the engine opens.
#include "store/sqlite/schema.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "store/contract/store_contract.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::store::sqlite {
namespace {

class SqliteFile : public testing::Test {
 protected:
  std::unique_ptr<Store> open() { return open_sqlite({.file = file_, .clock = &clock_, .text = plain_text}); }
  std::string refusal(const std::function<void()>& opening) {
    try {
      opening();
      return "opened";
    } catch (const Unavailable& refused) {
      return refused.what();
    }
  }

  ManualClock clock_;
  const TempFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "integrity.db";
};

struct Row {
  const char* table;
  std::vector<std::pair<std::string, std::string>> columns;

  std::string insert() const {
    std::string names, values;
    for (const auto& [name, value] : columns) {
      names += (names.empty() ? "" : ", ") + name;
      values += (values.empty() ? "" : ", ") + value;
    }
    return "INSERT INTO " + std::string(table) + " (" + names + ") VALUES (" + values + ")";
  }
  // A copy with other values in these columns.
  Row with(const std::vector<std::pair<std::string, std::string>>& changes) const {
    Row row = *this;
    for (const auto& [name, value] : changes) {
      for (auto& column : row.columns) {
        if (column.first == name) column.second = value;
      }
    }
    return row;
  }
};

const std::string kId = "x'000000000000000000000001'", kOtherId = "x'000000000000000000000002'";
const Row kPending{"users",
                   {{"id", kId},
                    {"username", "'ada'"},
                    {"password_hash", "'$2b$'"},
                    {"password_version", "1"},
                    {"state", "'pending'"},
                    {"totp_secret", "x'01'"},
                    {"totp_confirmed_at", "NULL"},
                    {"pending_until", "1"},
                    {"pending_network", "'192.0.2.0/24'"},
                    {"role", "NULL"},
                    {"reset_at", "NULL"},
                    {"reset_factor", "NULL"},
                    {"public_version", "1"},
                    {"version", "0"},
                    {"created_at", "1"},
                    {"updated_at", "1"}}};
const Row kActive = kPending.with({{"state", "'active'"},
                                   {"totp_confirmed_at", "1"},
                                   {"pending_until", "NULL"},
                                   {"pending_network", "''"},
                                   {"version", "1"}});
const Row kProduct{"products",
                   {{"place", "1 << 21"},
                    {"id", kId},
                    {"sku", "'L-1'"},
                    {"name", "'Lamp'"},
                    {"name_key", "'lamp'"},
                    {"description", "NULL"},
                    {"price", "0"},
                    {"currency", "'EUR'"},
                    {"stock", "0"},
                    {"version", "1"},
                    {"created_at", "1"},
                    {"updated_at", "1"}}};
const Row kSession{"sessions",
                   {{"id", kId},
                    {"user", kId},
                    {"factor", "'otp'"},
                    {"role", "'clerk'"},
                    {"generation", "0"},
                    {"created_at", "1"},
                    {"expires_at", "2"}}};
const Row kCounters{"factor_counters",
                    {{"user", kId}, {"last_step", "0"}, {"failures", "0"}, {"failures_unredeemed", "0"}}};
const Row kCode{"recovery_codes", {{"user", kId}, {"hash", "zeroblob(32)"}}};
const Row kChallenge{"challenges",
                     {{"token_hash", "zeroblob(32)"},
                      {"user", kId},
                      {"next", "'enrol'"},
                      {"password_version", "1"},
                      {"pending_secret", "x'01'"},
                      {"tries", "0"},
                      {"expires_at", "1"}}};
const Row kChange{"changes",
                  {{"number", "1"},
                   {"at", "1"},
                   {"kind", "'product'"},
                   {"record", kId},
                   {"product", "1 << 21"},
                   {"revision", "1"},
                   {"op", "'product.create'"},
                   {"actor", "NULL"},
                   {"actor_key", "NULL"},
                   {"account", "NULL"},
                   {"proof", "'otp'"},
                   {"after", "'{}'"},
                   {"before", "NULL"}}};
const Row kStoredResponse{"kept_answers",
                          {{"number", "1"},
                           {"user", kId},
                           {"key", "zeroblob(16)"},
                           {"expires_at", "1"},
                           {"request", "zeroblob(32)"},
                           {"status", "201"},
                           {"headers", "''"},
                           {"body", "'{}'"}}};

const Row kKey{"api_keys",
               {{"id", kId},
                {"hash", "zeroblob(32)"},
                {"user", kId},
                {"name", "'Backup'"},
                {"scopes", "'products:read'"},
                {"addresses", "NULL"},
                {"created_at", "1"},
                {"role", "'clerk'"}}};
const Row kInvitation{"invitations",
                      {{"id", kId},
                       {"token_hash", "zeroblob(32)"},
                       {"role", "'viewer'"},
                       {"name", "NULL"},
                       {"created_by", "NULL"},
                       {"created_at", "1"},
                       {"expires_at", "2"}}};
const Row kMigrationState{
    "moves", {{"one", "1"}, {"role", "'source'"}, {"move", "'a'"}, {"other", "'b'"}, {"at", "1"}, {"complete", "0"}}};
const Row kWatermark{"head", {{"one", "1"}, {"time", "1"}, {"place", "1"}}};

TEST_F(SqliteFile, TablesRefuseInvalidRowsWhateverTheCodeDoes) {
  using Changes = std::vector<std::pair<std::string, std::string>>;
  struct Case {
    const Row& row;
    Changes changes;
  };
  const std::vector<Case> cases{
      {kPending, {{"id", "x'01'"}}},
      {kPending, {{"state", "'unknown'"}}},
      {kPending, {{"totp_confirmed_at", "1"}}},  // a factor before the confirmation
      {kPending, {{"pending_until", "NULL"}}},
      {kPending, {{"version", "1"}}},
      {kPending, {{"username", "'ab'"}}},
      {kPending, {{"password_version", "0"}}},
      {kActive, {{"totp_secret", "NULL"}}},  // confirmed without a secret
      {kActive, {{"pending_until", "1"}}},
      {kActive, {{"pending_network", "'192.0.2.0/24'"}}},
      {kActive, {{"version", "0"}}},
      {kActive, {{"role", "'root'"}}},
      {kActive, {{"reset_at", "1"}}},  // and not what was reset
      {kActive, {{"reset_factor", "1"}}},
      {kActive, {{"public_version", "0"}}},
      {kProduct, {{"id", "x'01'"}}},
      {kProduct, {{"place", "2 << 21"}}},  // not the millisecond of created_at
      {kProduct, {{"name", "''"}}},
      {kProduct, {{"stock", "-1"}}},
      {kProduct, {{"stock", "9007199254740992"}}},
      {kProduct, {{"stock", "'many'"}}},
      {kProduct, {{"price", "-1"}}},
      {kProduct, {{"price", "1000000000000000"}}},
      {kProduct, {{"price", "1.5"}}},
      {kProduct, {{"currency", "'EU'"}}},
      {kProduct, {{"version", "0"}}},
      {kSession, {{"user", kOtherId}}},
      {kSession, {{"factor", "'password'"}}},
      {kSession, {{"expires_at", "1"}}},
      {kSession, {{"role", "'root'"}}},
      {kSession, {{"generation", "-1"}}},
      {kKey, {{"hash", "zeroblob(31)"}}},
      {kKey, {{"user", kOtherId}}},
      {kKey, {{"name", "''"}}},
      {kKey, {{"scopes", "''"}}},
      {kKey, {{"addresses", "''"}}},
      {kKey, {{"role", "'root'"}}},
      {kInvitation, {{"token_hash", "zeroblob(31)"}}},
      {kInvitation, {{"role", "NULL"}}},
      {kInvitation, {{"name", "''"}}},
      {kInvitation, {{"created_by", "x'01'"}}},
      {kCounters, {{"user", kOtherId}}},
      {kCounters, {{"last_step", "-1"}}},
      {kCounters, {{"failures", "-1"}}},
      {kCode, {{"hash", "x'01'"}}},
      {kCode, {{"user", kOtherId}}},
      {kChallenge, {{"token_hash", "x'01'"}}},
      {kChallenge, {{"next", "'verify'"}}},  // with a pending secret
      {kChallenge, {{"tries", "-1"}}},
      {kChallenge, {{"user", kOtherId}}},
      {kChange, {{"number", "0"}}},
      {kChange, {{"kind", "'thing'"}}},
      {kChange, {{"record", "x'01'"}}},
      {kChange, {{"revision", "0"}}},
      {kChange, {{"proof", "'trust'"}}},
      {kChange, {{"actor", "x'01'"}}},
      {kChange, {{"actor_key", "x'01'"}}},
      {kChange, {{"account", kId}}},  // of a product
      {kChange, {{"after", "''"}}},
      {kChange, {{"before", "''"}}},
      {kChange, {{"product", "NULL"}}},
      {kChange, {{"kind", "'session'"}}},  // of a product
      {kChange, {{"kind", "'session'"}, {"product", "NULL"}, {"before", "'{}'"}}},
      {kStoredResponse, {{"number", "0"}}},
      {kStoredResponse, {{"user", "x'01'"}}},
      {kStoredResponse, {{"key", "zeroblob(32)"}}},
      {kStoredResponse, {{"request", "zeroblob(16)"}}},
      {kStoredResponse, {{"status", "422"}}},
      {kStoredResponse, {{"body", "NULL"}}},
      {kMigrationState, {{"one", "2"}}},
      {kMigrationState, {{"role", "'both'"}}},
      {kMigrationState, {{"move", "''"}}},
      {kMigrationState, {{"complete", "2"}}},
      {kWatermark, {{"one", "2"}}},
  };
  Database db(file_, Database::Open::create);
  migrate(db);
  for (const auto& [row, changes] : cases) {
    db.execute("BEGIN");
    // Most rows need an account. The row is valid until the case changes it.
    if (std::string(row.table) != "users") db.execute(kActive.insert());
    db.execute("SAVEPOINT good");
    EXPECT_NO_THROW(db.execute(row.insert())) << row.insert();
    db.execute("ROLLBACK TO good");
    const std::string bad = row.with(changes).insert();
    try {
      db.execute(bad);
      ADD_FAILURE() << "accepted: " << bad;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.primary(), SQLITE_CONSTRAINT) << bad << ": " << failure.what();
    }
    db.execute("ROLLBACK");
  }
}

TEST_F(SqliteFile, TablesRefuseASecondOwnerOfANameASkuOrARevision) {
  Database db(file_, Database::Open::create);
  migrate(db);
  for (const Row& row : {kActive, kProduct, kChange}) db.execute(row.insert());
  for (const Row& row : {kPending.with({{"id", kOtherId}, {"username", "'ADA'"}}), kProduct.with({{"id", kOtherId}}),
                         kChange.with({{"number", "2"}})}) {
    EXPECT_THROW(db.execute(row.insert()), Failure) << row.insert();
  }
}

TEST_F(SqliteFile, RefusesADatabaseOfANewerProgram) {
  open().reset();
  Database(file_, Database::Open::write).execute("PRAGMA user_version = 99");
  for (const auto& refused : {refusal([&] { open(); }), refusal([&] { open_sqlite_snapshot(file_); })}) {
    EXPECT_EQ(refused.find(file_.string() + ": "), 0U) << refused;
    EXPECT_NE(refused.find("schema version 99, made by a newer program"), std::string::npos) << refused;
  }
}

TEST_F(SqliteFile, RefusesAFileThatIsNotADatabase) {
  std::ofstream(file_) << std::string(4096, 'x');
  for (const auto& refused : {refusal([&] { open(); }), refusal([&] { open_sqlite_snapshot(file_); }),
                              refusal([&] { open_sqlite_bulk(file_, plain_text); })}) {
    EXPECT_EQ(refused.find(file_.string() + ": file is not a database"), 0U) << refused;
    EXPECT_NE(refused.find("restore it from a backup"), std::string::npos) << refused;
  }
}

TEST_F(SqliteFile, DoesNotCreateAFileUnlessAsked) {
  const auto refused = refusal([&] { open_sqlite({.file = file_, .clock = &clock_, .create = false}); });
  EXPECT_NE(refused.find("cannot open the database"), std::string::npos) << refused;
  EXPECT_NE(refusal([&] { open_sqlite_snapshot(file_); }), "opened");
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(SqliteFile, IsReadableByItsOwnerOnly) {
  const auto store = open();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const auto mode = std::filesystem::status(file_.string() + suffix).permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write) << suffix;
  }
}

Result<bool> create_products(Store& store, std::uint8_t number, const std::string& description = "") {
  return store.write([&](WriteTx& tx) -> Result<bool> {
    for (std::uint8_t i = 0; i < 20; ++i) {
      model::Product product;
      product.id.bytes = {number, i};
      product.name = "Lamp";
      product.currency = "EUR";
      product.description = description;
      INTEGRITY_CHECK(tx.create_product({}, product));
    }
    return true;
  });
}

// When a database of the first version is upgraded, products keep their values, are in order and are found by words.
TEST_F(SqliteFile, OrdersAndIndexesProductsOfTheFirstVersion) {
  {
    Database db(file_, Database::Open::create);
    migrate(db, 1);
    const auto product = [](int id, int created_at) {
      return "INSERT INTO products VALUES (x'00000000000000000000000" + std::to_string(id) + "', 'S-" +
             std::to_string(id) + "', 'Lamp " + std::to_string(id) + "', 'd', 12900, 'EUR', 3, 1, " +
             std::to_string(created_at) + ", 9);";
    };
    db.execute(product(3, 5) + product(2, 5) + product(1, 7) + product(4, 1));
  }
  const auto store = open();
  std::string skus;
  for (const auto& product : store->read()->products({}).products) skus += *product.sku + ' ';
  EXPECT_EQ(skus, "S-4 S-2 S-3 S-1 ");
  const auto found = store->read()->products({.words = {"lamp", "3"}}).products;
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].price.units, 12900);
  EXPECT_EQ(store->read()->products({.order = {model::ProductKey::name, true}}).products[0].name, "Lamp 4");
}

// Changes of an older program hold the state after them, newer changes the state before. The history looks the same.
TEST_F(SqliteFile, ContinuesTheHistoryOfAnOlderProgram) {
  const auto change = [](int number, const std::string& record, int revision, const std::string& after) {
    return "INSERT INTO changes (number, at, kind, record, revision, op, proof, after) VALUES (" +
           std::to_string(number) + ", 1, 'product', " + record + ", " + std::to_string(revision) + ", 'product." +
           (revision == 1     ? "create"
            : after == "NULL" ? "delete"
                              : "update") +
           "', 'otp', " + after + ");";
  };
  {
    Database db(file_, Database::Open::create);
    migrate(db, 5);
    db.execute(kProduct.with({{"version", "2"}}).insert());
    db.execute(change(1, kId, 1, "'first'") + change(2, kId, 2, "'second'") + change(3, kOtherId, 1, "'gone'") +
               change(4, kOtherId, 2, "NULL"));
    db.execute("INSERT INTO word_index VALUES (1); INSERT INTO product_words (rowid, words) VALUES (1 << 21, 'lamp')");
  }
  const auto store = open();
  ProductId id, other;
  id.bytes.back() = 1;
  other.bytes.back() = 2;
  std::vector<std::string> wanted{"first", "second"};
  const auto history = [&](const ProductId& of) {
    std::vector<std::string> out;
    for (const auto& each : store->read()->changes(model::RecordKind::product, record_id(of), {}, 10)) {
      out.insert(out.begin(), each.after);
    }
    return out;
  };
  EXPECT_EQ(history(id), wanted);
  for (const char* name : {"Desk", "Chair"}) {
    ASSERT_TRUE(store->write([&](WriteTx& tx) -> Result<bool> {
      const auto before = *tx.product(id);
      auto after = before;
      after.name = name;
      ++after.version;
      INTEGRITY_CHECK(tx.update_product({}, "product.update", before, after));
      return true;
    }));
    append_json(wanted.emplace_back(), *store->read()->product(id));
    EXPECT_EQ(history(id), wanted);
  }
  EXPECT_EQ(store->read()->products({.words = {"chair"}}).products.size(), 1U);
  EXPECT_EQ(store->read()->products({.words = {"lamp"}}).products.size(), 0U);
  ASSERT_TRUE(store->write([&](WriteTx& tx) -> Result<bool> {
    INTEGRITY_CHECK(tx.delete_product({}, *tx.product(id)));
    return true;
  }));
  wanted.emplace_back();
  EXPECT_EQ(history(id), wanted);
  EXPECT_EQ(history(other), (std::vector<std::string>{"gone", ""}));
}

// The history once held a second copy of each product.
TEST_F(SqliteFile, AProductThatWasOnlyCreatedIsStoredOnce) {
  const std::string text(3000, 'x');
  {
    const auto store = open();
    for (std::uint8_t i = 0; i < 20; ++i) ASSERT_TRUE(create_products(*store, i, text));
    const auto first = store->read()->products({.limit = 1}).products.at(0);
    const auto change = store->read()->changes(model::RecordKind::product, record_id(first.id), {}, 1).at(0);
    EXPECT_NE(change.after.find(text), std::string::npos);
  }
  EXPECT_LT(std::filesystem::file_size(file_), 400 * 6000U);
}

std::vector<std::string> other_words(const model::Product&) {
  return {"other"};
}

TEST_F(SqliteFile, IndexesAllProductsAgainForOtherWords) {
  {
    const auto store = open();
    ASSERT_TRUE(create_products(*store, 1).has_value());
    EXPECT_EQ(store->read()->products({.words = {"lamp"}}).products.size(), 20U);
  }
  const auto store = open_sqlite({.file = file_, .clock = &clock_, .text = text_of<&other_words>(2)});
  EXPECT_TRUE(store->read()->products({.words = {"lamp"}}).products.empty());
  EXPECT_EQ(store->read()->products({.words = {"other"}}).products.size(), 20U);
}

TEST_F(SqliteFile, ASnapshotReadsOneStateWhileAServerWrites) {
  const auto store = open();
  ASSERT_TRUE(create_products(*store, 1).has_value());
  const auto snapshot = open_sqlite_snapshot(file_);
  ASSERT_TRUE(create_products(*store, 2).has_value());
  EXPECT_EQ(snapshot->last_change_number(), 20);
  EXPECT_EQ(open_sqlite_snapshot(file_)->last_change_number(), 40);
}

TEST_F(SqliteFile, ASnapshotReadsAFileThatNobodyHasOpen) {
  {
    const auto store = open();
    ASSERT_TRUE(create_products(*store, 1).has_value());
  }
  EXPECT_FALSE(std::filesystem::exists(file_.string() + "-wal"));  // closing the store copied it back
  EXPECT_EQ(open_sqlite_snapshot(file_)->last_change_number(), 20);
}

// 240 writes of about 330 KiB: more than twice the 32 MiB that the log may have.
TEST_F(SqliteFile, TheLogIsCopiedBackBeforeItGrowsWithoutBound) {
  const auto store = open();
  std::string longest;
  for (int i = 0; i < 4000; ++i) longest += "\U0001F422";
  for (std::uint8_t i = 0; i < 240; ++i) {
    ASSERT_TRUE(create_products(*store, i, longest).has_value());
  }
  EXPECT_GT(std::filesystem::file_size(file_), 32U << 20);
  EXPECT_LT(std::filesystem::file_size(file_.string() + "-wal"), 40U << 20);
}

}  // namespace
}  // namespace integrity::store::sqlite
