// What opening refuses, and what holds where several nodes use one database.
#include <cstdlib>
#include <future>

#include "store/mongo/nodes_fixture.hpp"

namespace integrity::store::mongo {
namespace {

TEST(MongoOpening, AnAddressWithoutAServerIsNamed) {
  const auto said = refusal("mongodb://somebody:secret@127.0.0.1:1/?serverSelectionTimeoutMS=100");
  EXPECT_NE(said.find("127.0.0.1:1"), std::string::npos) << said;
  EXPECT_EQ(said.find("secret"), std::string::npos) << said;
}

TEST(MongoOpening, AnSrvNameThatIsNotFoundIsNamed) {
  const auto said = refusal("mongodb+srv://somebody:secret@db.nowhere.invalid/shop?serverSelectionTimeoutMS=100");
  EXPECT_NE(said.find("mongodb+srv://db.nowhere.invalid were not found in the DNS"), std::string::npos) << said;
  EXPECT_EQ(said.find("secret"), std::string::npos) << said;
}

TEST(MongoOpening, AnAddressThatAsksForTlsIsExplained) {
  const auto said = refusal("mongodb://somebody:secret@127.0.0.1:1/?tls=true&serverSelectionTimeoutMS=100");
  EXPECT_NE(said.find("The address asks for TLS; servers without it need tls=false"), std::string::npos) << said;
  EXPECT_EQ(said.find("secret"), std::string::npos) << said;
}

TEST(MongoOpening, ATextThatIsNotAnAddressIsRefused) {
  for (const char* uri : {"", "mongodb://", "http://127.0.0.1", "mongodb://127.0.0.1:99999"}) {
    EXPECT_NE(refusal(uri).find("not the address"), std::string::npos) << uri << ": " << refusal(uri);
  }
}

TEST(MongoOpening, AServerWithoutAReplicaSetIsRefusedWithTheCommandsToMakeOne) {
  const char* const alone = std::getenv("INTEGRITY_TEST_MONGO_ALONE");
  if (alone == nullptr) GTEST_SKIP() << "INTEGRITY_TEST_MONGO_ALONE is not set";
  const std::string address = std::string(alone).substr(std::string("mongodb://").size());
  const std::string port = address.substr(address.find(':') + 1);
  EXPECT_EQ(refusal(alone),
            "the MongoDB server at " + address +
                " is not a member of a replica set, so it has no transactions. Make it a replica set of one:\n"
                "  restart mongod with --replSet rs0 (or replication.replSetName: rs0 in mongod.conf)\n"
                "  mongosh --port " +
                port + " --eval 'rs.initiate()'");
}

TEST_F(MongoNodes, ADatabaseOfANewerProgramIsRefused) {
  open();
  {
    Pool pool(address_);
    Client client(pool);
    Connection(client, Connection::Sees::majority)
        .update(in::meta, Doc("_id", "schema"), Doc("$set", Doc("version", newest_version + 1)));
  }
  EXPECT_NE(refusal(address_).find("newer program"), std::string::npos);
}

// Such as the sessions of Flask, which this program would read as its own.
TEST_F(MongoNodes, ADatabaseWithACollectionOfAnotherProgramUnderOneOfItsNamesIsRefused) {
  for (const std::string name : {"sessions", "meta"}) {
    Shell shell(address_);
    shell.run(R"({"insert": ")" + name + R"(", "documents": [{"_id": "theirs"}]})");
    EXPECT_NE(refusal(address_).find("holds " + name + " of another program"), std::string::npos);
    shell.run(R"({"drop": ")" + name + R"("})");
  }
  open();
}

TEST_F(MongoNodes, AMoveIntoADatabaseWithAForeignCollectionMakesNothing) {
  const auto source_address = test_database(to_hex(as_bytes(folder_.path().filename().string())) + "s");
  const auto source_store = open_mongo({.uri = source_address, .clock = &clock_, .text = plain_text});
  ASSERT_TRUE(create(*source_store, product(1)).has_value());
  Shell shell(address_);
  shell.run(R"({"insert": "invoices", "documents": [{"_id": 1}]})");
  const auto source = open_mongo_bulk(source_address, plain_text), target = open_mongo_bulk(address_, plain_text);
  SystemRandom random;
  Silent silent;
  const auto moved = move(*source, *target, clock_.now(), random, silent);
  ASSERT_FALSE(moved.has_value());
  EXPECT_NE(moved.error().detail.find("the collection invoices"), std::string::npos) << moved.error().detail;
  EXPECT_EQ(shell.collections(), std::vector<std::string>{"invoices"});
  EXPECT_EQ(source->migration_state(), std::nullopt);
  shell.run(R"({"drop": "invoices"})");
  EXPECT_TRUE(move(*source, *target, clock_.now(), random, silent).has_value());
}

TEST_F(MongoNodes, OpeningAtTheSameTimeMakesOneDatabase) {
  std::vector<std::unique_ptr<Store>> stores(4);
  std::vector<std::thread> threads;
  for (auto& store : stores) threads.emplace_back([&] { store = open(); });
  for (auto& thread : threads) thread.join();
  for (std::uint16_t i = 0; i < 4; ++i) EXPECT_TRUE(create(*stores[i], product(i)).has_value());
  EXPECT_EQ(stores[0]->read()->last_change_number(), 4);
}

TEST_F(MongoNodes, NumbersAreDenseAndSkusUniqueOverAllNodes) {
  constexpr std::uint16_t kEach = 60;
  std::vector<std::unique_ptr<Store>> nodes;
  for (int i = 0; i < 3; ++i) nodes.push_back(open());
  std::atomic<int> made = 0, refused = 0;
  std::vector<std::thread> threads;
  for (std::uint16_t node = 0; node < 3; ++node) {
    threads.emplace_back([&, node] {
      for (std::uint16_t i = 0; i < kEach; ++i) {
        auto mine = product(static_cast<std::uint16_t>(node * 1000 + i));
        mine.sku = "sku-" + std::to_string(i);  // the same on each node
        const auto result = create(*nodes[node], mine);
        if (result.has_value()) {
          ++made;
        } else if (result.error().code == Code::sku_taken) {
          ++refused;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(made, kEach);
  EXPECT_EQ(refused, 2 * kEach);
  EXPECT_EQ(nodes[0]->read()->last_change_number(), kEach);
  Pool pool(address_);
  Client client(pool);
  std::int64_t number = 0;
  Connection connection(client, Connection::Sees::majority);
  for (Cursor found = connection.find(in::changes, {}, Doc("sort", Doc("_id", 1))); found.next();) {
    EXPECT_EQ(found.view().take<std::int64_t>("_id"), ++number);
  }
  EXPECT_EQ(number, kEach);
}

TEST_F(MongoNodes, WhatOneNodeAcknowledgedTheOtherShows) {
  const auto here = open(), there = open();
  for (std::uint16_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(create(*here, product(i)).has_value());
    EXPECT_TRUE(there->read()->product(product(i).id)) << i;
  }
  model::User user;
  user.username = "ada";
  user.password_hash = "$2b$12$hash";
  user.created_at = user.updated_at = clock_.now();
  user.pending_network = "192.0.2.0/24";
  user.pending_until = clock_.now() + model::pending_life;
  const model::Session session{.id = SessionId{{1}},
                               .user = user.id,
                               .created_at = clock_.now(),
                               .expires_at = clock_.now() + std::chrono::hours(1)};
  ASSERT_TRUE(here->write([&](WriteTx& tx) -> Result<bool> {
                    INTEGRITY_CHECK(tx.add_pending_user(user));
                    tx.start_session({}, {.session = session});
                    return true;
                  })
                  .has_value());
  EXPECT_TRUE(there->session(session.id));
  EXPECT_TRUE(*there->write([&](WriteTx& tx) -> Result<bool> { return tx.end_session({}, session.id); }));
  EXPECT_FALSE(here->session(session.id));
}

// A node whose clock is behind writes with the time of the write before.
TEST_F(MongoNodes, TimeNeverGoesBackFromNodeToNode) {
  ManualClock late;
  late.move(-std::chrono::minutes(5));
  const auto here = open();
  const auto there = open_mongo({.uri = address_, .clock = &late, .text = plain_text});
  ASSERT_TRUE(create(*here, product(1)).has_value());
  ASSERT_TRUE(create(*there, product(2)).has_value());
  const auto at = [&](std::uint16_t number) {
    return here->read()->changes(model::RecordKind::product, record_id(product(number).id), {}, 1).at(0).at;
  };
  EXPECT_EQ(at(2), at(1));
}

// A node that stops in the middle of a transaction would keep the writer lock for a minute. When it continues, it
// begins again. Nodes find each other's transactions whatever the appName in their addresses.
TEST_F(MongoNodes, ANodeThatStoppedWithTheWriterLockLosesIt) {
  const auto here = open(), there = open(plain_text, with_option("appName=another"));
  std::promise<void> has_writer_lock, go_on;
  std::atomic<int> runs = 0;
  std::thread stopped([&, goes = go_on.get_future().share()] {
    const auto made = product(1);
    EXPECT_TRUE(here->write([&](WriteTx& tx) -> Result<bool> {
                      INTEGRITY_CHECK(tx.create_product({}, made));
                      if (++runs == 1) has_writer_lock.set_value();
                      goes.wait();
                      return true;
                    })
                    .has_value());
  });
  has_writer_lock.get_future().wait();
  EXPECT_TRUE(create(*there, product(2)).has_value());
  go_on.set_value();
  stopped.join();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(there->read()->last_change_number(), 2);
}

// As with a slow network: the node is idle between two queries, but it makes progress.
TEST_F(MongoNodes, ASlowNodeKeepsTheWriterLock) {
  const auto here = open();
  const auto there =
      open_mongo({.uri = address_, .clock = &clock_, .text = plain_text, .time_limit = std::chrono::seconds(30)});
  std::promise<void> has_writer_lock;
  std::atomic<int> runs = 0;
  std::thread slow([&] {
    EXPECT_TRUE(here->write([&](WriteTx& tx) -> Result<bool> {
                      INTEGRITY_CHECK(tx.create_product({}, product(1)));
                      if (++runs == 1) has_writer_lock.set_value();
                      for (int i = 0; i < 60; ++i) {
                        std::this_thread::sleep_for(std::chrono::milliseconds(100));
                        tx.user(UserId{});
                      }
                      return true;
                    })
                    .has_value());
  });
  has_writer_lock.get_future().wait();
  EXPECT_TRUE(create(*there, product(2)).has_value());
  slow.join();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(there->read()->last_change_number(), 2);
}

// A write that is under way when a store is sealed is committed before that, or never.
TEST_F(MongoNodes, ANodeThatStoppedWithTheWriterLockWritesNothingOnceTheStoreIsSealed) {
  const auto here = open();
  std::promise<void> has_writer_lock, go_on;
  std::atomic<int> runs = 0;
  std::thread stopped([&, goes = go_on.get_future().share()] {
    const auto refused = here->write([&](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product({}, product(1)));
      if (++runs == 1) has_writer_lock.set_value();
      goes.wait();
      return true;
    });
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_NE(refused.error().detail.find("moved"), std::string::npos) << refused.error().detail;
  });
  has_writer_lock.get_future().wait();
  const auto bulk = open_mongo_bulk(address_, plain_text);
  EXPECT_FALSE(bulk->migration_state());
  bulk->set_migration_state(MigrationState{.move = "a", .other = "elsewhere", .at = clock_.now()});
  go_on.set_value();
  stopped.join();
  EXPECT_EQ(bulk->count(row_kind<SequencedProduct>()), 0U);
  EXPECT_NE(refusal(address_).find("it is being moved to elsewhere"), std::string::npos);
  bulk->set_migration_state({});
  EXPECT_TRUE(create(*here, product(2)).has_value());
}

TEST_F(MongoNodes, AMigrationStateReplacesOnlyTheOneThatWasRead) {
  open();
  const auto here = open_mongo_bulk(address_, plain_text), there = open_mongo_bulk(address_, plain_text);
  EXPECT_FALSE(here->migration_state() || there->migration_state());
  const MigrationState mine{
      .role = MigrationState::Role::target, .move = "a", .other = "elsewhere", .at = clock_.now()};
  here->set_migration_state(mine);
  EXPECT_THROW(there->set_migration_state(mine), Unavailable);
  EXPECT_THROW(there->write(std::vector<Row>{KeyFingerprint{"a.key", {}}}), Unavailable);
  EXPECT_EQ(there->migration_state(), mine);
  there->set_migration_state({});
  EXPECT_THROW(here->write(std::vector<Row>{KeyFingerprint{"a.key", {}}}), Unavailable);
  EXPECT_TRUE(here->empty());
}

// Such as the transaction of a migration that was killed.
TEST_F(MongoNodes, SettingAMigrationStateAgainEndsTheTransactionWithTheWriterLock) {
  open();
  const auto bulk = open_mongo_bulk(address_, plain_text);
  EXPECT_FALSE(bulk->migration_state());
  const MigrationState state{
      .role = MigrationState::Role::target, .move = "a", .other = "elsewhere", .at = clock_.now()};
  bulk->set_migration_state(state);
  Pool pool(address_);
  Client client(pool);
  Connection abandoned(client, Connection::Sees::transaction);
  abandoned.begin();
  abandoned.find_and_update(in::meta, Doc("_id", "head"), Doc("$inc", Doc("groups", std::int64_t{1})));
  abandoned.send(in::key_fingerprints, {{Write::How::insert, {}, Doc("_id", "a.key", "fingerprint", Bytes(32))}});
  bulk->set_migration_state(state);
  EXPECT_THROW(abandoned.commit(), Trouble);
  bulk->write(std::vector<Row>{KeyFingerprint{"a.key", {}}});
  EXPECT_EQ(bulk->count(row_kind<KeyFingerprint>()), 1U);
}

TEST_F(MongoNodes, TextsAreMadeAgainByAnotherVersionOfTheFunctions) {
  {
    const auto store = open();
    for (std::uint16_t i = 0; i < 700; ++i)
      ASSERT_TRUE(create(*store, product(i, "Lamp " + std::to_string(i))).has_value());
  }
  static constexpr model::ProductText other{
      2, [](std::string_view name) { return std::string(name.rbegin(), name.rend()); },
      [](const model::Product& p) {
        return std::vector<std::string>{"new", plain_sort_key(p.name)};
      }};
  const auto store = open(other);
  EXPECT_TRUE(store->read()->products({.words = {"lamp", "7"}}).products.empty());
  EXPECT_EQ(store->read()->products({.words = {"new"}, .limit = 1000}).products.size(), 700U);
  EXPECT_EQ(store->read()->products({.order = {.by = model::ProductKey::name}, .limit = 1}).products.at(0).name,
            "Lamp 0");
  EXPECT_NE(refusal(address_).find("words"), std::string::npos) << "an older program would undo it";
}

// A shell cannot insert what the program could not read.
TEST_F(MongoNodes, AWrongDocumentIsRefusedByTheServer) {
  open();
  Pool pool(address_);
  Client client(pool);
  Connection connection(client, Connection::Sees::majority);
  for (const char* json : {R"({"_id": {"$oid": "000000000000000000000001"}, "user": "x"})", R"({"_id": 1})"}) {
    EXPECT_THROW(connection.send(in::sessions, {{Write::How::insert, {}, Doc::from_json(json)}}), Broken) << json;
  }
}

}  // namespace
}  // namespace integrity::store::mongo
