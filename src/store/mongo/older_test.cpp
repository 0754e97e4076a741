// A database of the program before roles, refreshed sessions, keys and invitations (schema version 3).
#include "store/mongo/codec.hpp"
#include "store/mongo/nodes_fixture.hpp"

namespace integrity::store::mongo {
namespace {

template <class Id>
Id id_of(std::uint8_t last) {
  Id id;
  id.bytes.back() = last;
  return id;
}

class MongoOlderDatabase : public MongoNodes {
 protected:
  void SetUp() override {
    MongoNodes::SetUp();
    if (test_server().empty()) return;
    open().reset();
    shell_.emplace(address_);
    shell_->run(R"({"update": "meta", "updates": [{"q": {"_id": "schema"}, "u": {"$set": {"version": 3}}},
                    {"q": {"_id": "head"}, "u": {"$set": {"number": {"$numberLong": "8"}}}}]})");
    put("users", user(1, "Ada", "active", 3, R"(, "totp_confirmed_at": {"$date": 9})"));
    put("users", user(2, "bob", "disabled", 2, ""));
    put("users", user(3, "eve", "pending", 0, R"(, "pending_until": {"$date": 99})"));
    put("sessions", R"("_id": )" + oid(11) + R"(, "user": )" + oid(1) + R"(, "factor": "otp", "created_at": )" +
                        date(clock_.now()) + R"(, "expires_at": )" + date(clock_.now() + std::chrono::minutes(10)));
    change(1, "user", 1, 1, "user.confirm", "{}");
    change(2, "session", 11, 1, "session.start", started(11, 1));
    change(3, "session", 13, 1, "session.start", started(13, 1));
    change(4, "session", 13, 2, "session.end", "");
    change(5, "product", 21, 1, "product.create", "{}");
    change(6, "session", 14, 1, "session.start", "damaged");
    change(7, "session", 14, 2, "session.end", "");
    change(8, "user", 2, 1, "user.import", "{}");
  }

  static std::string hex(int last) { return id_of<UserId>(static_cast<std::uint8_t>(last)).hex(); }
  static std::string oid(int last) { return R"({"$oid": ")" + hex(last) + "\"}"; }
  static std::string number(std::int64_t value) { return R"({"$numberLong": ")" + std::to_string(value) + "\"}"; }
  static std::string date(Time time) {
    return R"({"$date": {"$numberLong": ")" + std::to_string(to_millis(time)) + "\"}}";
  }
  static std::string started(int session, int user) {
    return R"({\"id\":\")" + hex(session) + R"(\",\"user\":\")" + hex(user) + R"(\",\"amr\":[\"pwd\",\"otp\"]})";
  }
  static std::string user(int id, const std::string& name, const std::string& state, int version,
                          const std::string& more) {
    return R"("_id": )" + oid(id) + R"(, "username": ")" + name + R"(", "username_key": ")" + username_key(name) +
           R"(", "password_hash": "$2b$", "password_version": )" + number(1) + R"(, "state": ")" + state +
           R"(", "version": )" + number(version) + R"(, "created_at": {"$date": 5}, "updated_at": {"$date": 9})" + more;
  }
  void put(const std::string& collection, const std::string& members) {
    ASSERT_TRUE(shell_->try_run(R"({"insert": ")" + collection + R"(", "documents": [{)" + members + "}]}")) << members;
  }
  void change(int at, const std::string& kind, int record, int revision, const std::string& op,
              const std::string& after) {
    put("changes", R"("_id": )" + number(at) + R"(, "at": )" + date(clock_.now()) + R"(, "kind": ")" + kind +
                       R"(", "record": )" + oid(record) + R"(, "revision": )" + number(revision) + R"(, "op": ")" + op +
                       R"(", "proof": "otp")" + (after.empty() ? "" : R"(, "after": ")" + after + '"'));
  }
  static std::string numbers(Store& store, const model::ChangeQuery& query) {
    std::string out;
    for (const auto& each : store.read()->find_changes(query).changes) out += std::to_string(each.number) + ' ';
    return out;
  }
  void expect_editors(Store& store) {
    const auto tx = store.read();
    const auto ada = *tx->user_by_name("ada"), bob = *tx->user_by_name("bob"), eve = *tx->user_by_name("eve");
    EXPECT_EQ(ada.role, model::Role::editor);
    EXPECT_EQ(ada.confirmed_at, from_millis(9));
    EXPECT_EQ(ada.public_version, 3);
    EXPECT_EQ(bob.role, model::Role::editor);
    EXPECT_EQ(bob.confirmed_at, from_millis(5));
    EXPECT_FALSE(eve.role) << "its confirmation decides";
    EXPECT_FALSE(eve.confirmed_at);
    EXPECT_EQ(eve.public_version, 1);
    const auto session = store.session(id_of<SessionId>(11));
    ASSERT_TRUE(session);
    EXPECT_EQ(session->role, model::Role::editor);
    EXPECT_EQ(session->generation, 0);
    EXPECT_EQ(session->proven_at, session->created_at);
  }

  std::optional<Shell> shell_;
};

TEST_F(MongoOlderDatabase, HasEditorsWhoseSessionsGoOn) {
  const auto store = open();
  expect_editors(*store);
  EXPECT_EQ(store->read()->active_admins(), 0U);
  EXPECT_TRUE(store->read()->any_account_confirmed()) << "in the documents too";
}

TEST_F(MongoOlderDatabase, HasTheHistoryOfEachAccount) {
  const auto store = open();
  EXPECT_EQ(numbers(*store, {.account = id_of<UserId>(1)}), "4 3 2 1 ");
  EXPECT_EQ(numbers(*store, {.account = id_of<UserId>(2)}), "8 ");
  EXPECT_EQ(numbers(*store, {.kind = model::RecordKind::session}), "7 6 4 3 2 ");
  EXPECT_EQ(numbers(*store, {}), "8 7 6 5 4 3 2 1 ");
}

// A node of the older program may still write while the first of the newer one is there already.
TEST_F(MongoOlderDatabase, IsReadAlsoWhereADocumentWasNotFilledIn) {
  const auto store = open();
  shell_->run(R"({"update": "users", "updates": [{"q": {}, "multi": true, "u": {"$unset":
                  {"role": "", "confirmed_at": "", "public_version": ""}}}]})");
  shell_->run(R"({"update": "sessions", "updates": [{"q": {}, "multi": true, "u": {"$unset":
                  {"role": "", "generation": "", "proven_at": ""}}}]})");
  expect_editors(*store);
}

TEST_F(MongoOlderDatabase, TakesWhatIsNew) {
  const auto store = open();
  const auto done = store->write([&](WriteTx& tx) -> Result<bool> {
    auto ada = *tx.user_by_name("ada");
    ada.role = model::Role::admin;
    tx.update_user({}, "user.role", ada);
    tx.add_api_key({}, {.id = id_of<ApiKeyId>(31), .user = ada.id, .name = "k", .scopes = {model::Scope::stock_write}});
    return true;
  });
  ASSERT_TRUE(done) << done.error().cause;
  EXPECT_EQ(store->session(id_of<SessionId>(11))->role, model::Role::admin);
  EXPECT_EQ(store->read()->active_admins(), 1U);
  EXPECT_EQ(store->api_key({})->role, model::Role::admin);
}

}  // namespace
}  // namespace integrity::store::mongo
