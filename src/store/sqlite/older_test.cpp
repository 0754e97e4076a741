// A database of the program before roles, refreshed sessions, keys and invitations (schema version 8).
#include <gtest/gtest.h>

#include "store/contract/store_contract.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::store::sqlite {
namespace {

std::string id(int last) {
  return "x'0000000000000000000000" + std::string(last < 10 ? "0" : "") + std::to_string(last) + "'";
}
std::string hex(int last) {
  const std::string text = id(last);
  return text.substr(2, 24);
}
template <class Id>
Id id_of(int last) {
  Id id;
  id.bytes.back() = static_cast<std::uint8_t>(last / 10 * 16 + last % 10);  // as it is written above
  return id;
}

class OlderDatabase : public testing::Test {
 protected:
  OlderDatabase() {
    Database db(file_, Database::Open::create);
    migrate(db, 8);
    const auto user = [&](int number, const char* name, const char* state, int version) {
      const bool pending = std::string(state) == "pending";
      return "INSERT INTO users (id, username, password_hash, password_version, state, totp_secret, totp_confirmed_at,"
             " pending_until, pending_network, version, created_at, updated_at) VALUES (" +
             id(number) + ", '" + name + "', '$2b$', 1, '" + state + "', x'01', " + (pending ? "NULL" : "9") + ", " +
             (pending ? "99" : "NULL") + ", '', " + std::to_string(version) + ", 5, 9);";
    };
    const auto session = [&](int number, int owner) {
      return "INSERT INTO sessions (id, user, factor, created_at, expires_at) VALUES (" + id(number) + ", " +
             id(owner) + ", 'otp', " + created_ + ", " + expires_ + ");";
    };
    const auto change = [&](int number, const char* kind, int record, int revision, const char* op,
                            const std::string& after) {
      const bool product = std::string(kind) == "product";
      return "INSERT INTO changes (number, at, kind, record, product, revision, op, proof, after) VALUES (" +
             std::to_string(number) + ", " + created_ + ", '" + kind + "', " + id(record) + ", " +
             (product ? "1 << 21" : "NULL") + ", " + std::to_string(revision) + ", '" + op + "', 'otp', " + after +
             ");";
    };
    const auto started = [&](int begun, int owner) {
      return R"('{"id":")" + hex(begun) + R"(","user":")" + hex(owner) + R"(","amr":["pwd","otp"]}')";
    };
    db.execute(user(1, "Ada", "active", 3) + user(2, "bob", "disabled", 2) + user(3, "eve", "pending", 0) +
               user(4, "old", "active", 1));
    db.execute(session(11, 1) + session(12, 2));
    db.execute(change(1, "user", 1, 1, "user.confirm", "'{}'") + change(2, "user", 2, 1, "user.import", "'{}'") +
               change(3, "session", 11, 1, "session.start", started(11, 1)) +
               change(4, "session", 13, 1, "session.start", started(13, 1)) +
               change(5, "session", 13, 2, "session.end", "NULL") +
               change(6, "session", 12, 1, "session.start", started(12, 2)) +
               change(7, "product", 21, 1, "product.create", "'{}'") + change(8, "user", 4, 1, "user.other", "'{}'") +
               change(9, "session", 14, 1, "session.start", "'damaged'"));
  }
  std::unique_ptr<Store> open() { return open_sqlite({.file = file_, .clock = &clock_, .text = plain_text}); }

  ManualClock clock_;
  const TempFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "integrity.db";
  const std::string created_ = std::to_string(to_millis(clock_.now())),
                    expires_ = std::to_string(to_millis(clock_.now() + std::chrono::minutes(10)));
};

TEST_F(OlderDatabase, HasEditorsWhoseSessionsGoOn) {
  const auto store = open();
  const auto tx = store->read();
  const auto ada = *tx->user_by_name("ada"), bob = *tx->user_by_name("bob"), eve = *tx->user_by_name("eve"),
             old = *tx->user_by_name("old");
  EXPECT_EQ(ada.role, model::Role::editor);
  EXPECT_EQ(ada.confirmed_at, from_millis(5));
  EXPECT_EQ(ada.version, 3);
  EXPECT_EQ(ada.public_version, 3);
  EXPECT_FALSE(ada.reset);
  EXPECT_EQ(bob.role, model::Role::editor);
  EXPECT_EQ(bob.confirmed_at, from_millis(5));
  EXPECT_FALSE(eve.role) << "its confirmation decides";
  EXPECT_FALSE(eve.confirmed_at);
  EXPECT_EQ(eve.public_version, 1);
  EXPECT_EQ(old.role, model::Role::editor);
  EXPECT_FALSE(old.confirmed_at);
  EXPECT_EQ(tx->active_admins(), 0U);

  const auto session = store->session(id_of<SessionId>(11));
  ASSERT_TRUE(session);
  EXPECT_EQ(session->role, model::Role::editor);
  EXPECT_EQ(session->generation, 0);
  EXPECT_FALSE(session->refreshed_at);
  EXPECT_EQ(session->proven_at, session->created_at);
  EXPECT_EQ(tx->sessions_of(ada.id), std::vector<model::SessionRecord>{{.session = *session}});
}

TEST_F(OlderDatabase, HasTheHistoryOfEachAccount) {
  const auto store = open();
  const auto numbers = [&](const model::ChangeQuery& query) {
    std::string out;
    for (const auto& each : store->read()->find_changes(query).changes) out += std::to_string(each.number) + ' ';
    return out;
  };
  EXPECT_EQ(numbers({.account = id_of<UserId>(1)}), "5 4 3 1 ");
  EXPECT_EQ(numbers({.account = id_of<UserId>(2)}), "6 2 ");
  EXPECT_EQ(numbers({.kind = model::RecordKind::session}), "9 6 5 4 3 ");
  EXPECT_EQ(numbers({}), "9 8 7 6 5 4 3 2 1 ");
}

TEST_F(OlderDatabase, TakesWhatIsNew) {
  const auto store = open();
  ASSERT_TRUE(store->write([&](WriteTx& tx) -> Result<bool> {
    auto ada = *tx.user_by_name("ada");
    ada.role = model::Role::admin;
    tx.update_user({}, "user.role", ada);
    tx.add_api_key({},
                   {.id = id_of<ApiKeyId>(31), .user = ada.id, .name = "k", .scopes = {model::Scope::products_read}});
    return true;
  }));
  EXPECT_EQ(store->session(id_of<SessionId>(11))->role, model::Role::admin);
  EXPECT_EQ(store->read()->active_admins(), 1U);
  EXPECT_EQ(store->api_key({})->role, model::Role::admin);
}

// What the API asks of a product's write must not cost more than before: no index of changes takes it.
TEST_F(OlderDatabase, AChangeOfAProductIsInOneIndexOfChanges) {
  open().reset();
  Database db(file_, Database::Open::read);
  std::string indexes;
  for (auto row = db.query("SELECT name FROM sqlite_schema WHERE tbl_name = 'changes' AND type = 'index' AND"
                           " sql NOT LIKE '%WHERE product IS NULL' AND sql NOT LIKE '%WHERE account IS NOT NULL'");
       row.next();) {
    indexes += row.take<std::string>();
  }
  EXPECT_EQ(indexes, "changes_of_product");
}

}  // namespace
}  // namespace integrity::store::sqlite
