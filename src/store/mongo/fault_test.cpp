// A replica set with failures, by fail points of the server: commands that are refused, cut off or answered too late.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <future>

#include "store/contract/store_contract.hpp"
#include "store/mongo/mongo_store.hpp"
#include "store/mongo/schema.hpp"
#include "store/mongo/test_databases.hpp"

namespace integrity::store::mongo {
namespace {

using std::chrono::milliseconds;

// A server has only one such fail point, and tests may run in several processes.
class OneAtATime {
 public:
  OneAtATime() : file_(::open(path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (file_ < 0 || ::flock(file_, LOCK_EX) != 0) throw std::runtime_error("no lock on " + path());
  }
  OneAtATime(const OneAtATime&) = delete;
  OneAtATime& operator=(const OneAtATime&) = delete;
  ~OneAtATime() { ::close(file_); }

 private:
  static std::string path() {
    return std::filesystem::temp_directory_path() / ("integrity-fail-point-" + std::to_string(::getuid()));
  }
  int file_;
};

// Makes commands of one store fail, known by its appName, while this object lives. The test fails if no command failed:
// it would pass without its fault.
class Fails {
 public:
  Fails(const std::string& address, const std::string& app, const Doc& mode, Doc data)
      : pool_(address), client_(pool_) {
    data.add("appName", pool_.app_name() + app);
    fired_before_ = set(Doc("configureFailPoint", "failCommand").add("mode", mode).add("data", data));
  }
  Fails(const Fails&) = delete;
  Fails& operator=(const Fails&) = delete;
  ~Fails() {
    const auto fired = set(Doc("configureFailPoint", "failCommand", "mode", "off")) - fired_before_;
    EXPECT_GT(fired, 0) << "no command failed";
  }

 private:
  // How often the fail point has fired since the server started.
  std::int64_t set(const Doc& command) {
    bson_t reply;
    bson_error_t error;
    const bool done = mongoc_client_command_simple(client_.get(), "admin", command.get(), nullptr, &reply, &error);
    const Doc copy = Doc::copy_of(&reply);
    bson_destroy(&reply);
    if (!done) throw std::runtime_error(error.message);
    return View(copy).take<std::int64_t>("count");
  }
  const OneAtATime alone_;
  Pool pool_;
  Client client_;
  std::int64_t fired_before_ = 0;
};

Doc times(int count) {
  return Doc("times", count);
}
Doc commands(const char* command) {
  return Doc("failCommands", Array().add(command));
}

class MongoFaults : public testing::Test {
 protected:
  void SetUp() override {
    if (test_server().empty()) GTEST_SKIP() << "INTEGRITY_TEST_MONGO_URI is not set";
    app_ = folder_.path().filename().string();
    address_ = test_database(to_hex(as_bytes(app_)));
    open(milliseconds(5000));
  }
  void open(milliseconds time_limit) {
    store_.reset();
    store_ = open_mongo({.uri = named(), .clock = &clock_, .text = plain_text, .time_limit = time_limit});
  }
  std::string named() const {
    return address_ + (address_.find('?') == std::string::npos ? "?" : "&") + "appName=" + app_;
  }
  Fails fails(const Doc& mode, Doc data) { return {address_, app_, mode, std::move(data)}; }

  model::Product product() {
    model::Product product;
    product.id = ProductId{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ++ids_}};
    product.name = "Lamp";
    product.price = Money{1};
    product.currency = "EUR";
    product.created_at = product.updated_at = clock_.now();
    return product;
  }
  Result<bool> create(const model::Product& product) {
    return store_->write([&, product](WriteTx& tx) -> Result<bool> {
      ++runs_;
      INTEGRITY_CHECK(tx.create_product({}, product));
      return true;
    });
  }
  std::int64_t commits() {
    Pool pool(address_);
    Client client(pool);
    const auto head = Connection(client, Connection::Sees::majority).first(in::meta, Doc("_id", "head"));
    return View(head.value()).take<std::int64_t>("groups");
  }
  std::size_t changes_of(const model::Product& product) {
    return store_->read()->changes(model::RecordKind::product, record_id(product.id), {}, 10).size();
  }

  ManualClock clock_;
  std::string app_, address_;
  std::unique_ptr<Store> store_;
  std::atomic<int> runs_ = 0;

 private:
  TempFolder folder_;
  std::uint8_t ids_ = 0;
};

TEST_F(MongoFaults, AConflictOverTheWriterLockIsTriedAgain) {
  const auto made = product();
  const auto failing = fails(
      times(3),
      commands("findAndModify").add("errorCode", 112).add("errorLabels", Array().add("TransientTransactionError")));
  EXPECT_TRUE(create(made).has_value());
  EXPECT_EQ(runs_, 4);
  EXPECT_EQ(changes_of(made), 1U);
}

// Errors that pass, without a label, as servers send them outside of transactions and proxies inside.
TEST_F(MongoFaults, ErrorsThatPassNeedNoLabel) {
  open(milliseconds(1000));
  for (const int code : {175, 202, 211, 290, 365}) {
    const auto made = product();
    {
      const auto failing = fails(times(1), commands("findAndModify").add("errorCode", code));
      EXPECT_TRUE(create(made).has_value()) << code;
    }
    const auto failing = fails(times(1000), commands("find").add("errorCode", code));
    EXPECT_THROW(store_->read()->product(made.id), Unavailable) << code;
  }
}

TEST_F(MongoFaults, AMigrationStateIsSetThoughTheResponseIsLost) {
  const auto bulk = open_mongo_bulk(named(), plain_text);
  MigrationState state{.move = "a", .other = "elsewhere", .at = clock_.now()};
  const auto expect_set = [&](const Doc& mode, Doc data) {
    EXPECT_EQ(bulk->migration_state(), std::nullopt);
    {
      const auto failing = fails(mode, std::move(data));
      bulk->set_migration_state(state);
    }
    EXPECT_EQ(bulk->migration_state(), state);
    bulk->set_migration_state({});
  };
  expect_set(times(2), commands("findAndModify").add("errorCode", 10107));
  expect_set(
      times(1),
      commands("findAndModify").add("writeConcernError", Doc("code", 64, "errmsg", "too slow", "codeName", "x")));
  expect_set(times(1), commands("find").add("errorCode", 211));
}

// As the server ends a transaction that its cache has no room for.
TEST_F(MongoFaults, RowsThatAreTooManyAtOnceAreWrittenInHalves) {
  const auto bulk = open_mongo_bulk(named(), plain_text);
  std::vector<Row> rows;
  for (const char* key : {"a.key", "b.key", "c.key", "d.key", "e.key"}) rows.push_back(KeyFingerprint{key, {}});
  EXPECT_FALSE(bulk->migration_state());
  const auto before = commits();
  {
    const auto failing =
        fails(times(3),
              commands("insert").add("errorCode", 388).add("errorLabels", Array().add("TransientTransactionError")));
    bulk->write(rows);
  }
  std::string keys;
  bulk->read(row_kind<KeyFingerprint>(), 0, [&](const Row& row) { keys += std::get<KeyFingerprint>(row).key[0]; });
  EXPECT_EQ(keys, "abcde");
  EXPECT_EQ(commits() - before, 3);  // a, b, and the other half
}

TEST_F(MongoFaults, ATransactionThatTheServerEndedIsRunAgain) {
  const auto made = product();
  const auto failing = fails(
      times(1),
      commands("commitTransaction").add("errorCode", 251).add("errorLabels", Array().add("TransientTransactionError")));
  EXPECT_TRUE(create(made).has_value());
  EXPECT_EQ(runs_, 2);
  EXPECT_EQ(changes_of(made), 1U);
  EXPECT_EQ(store_->read()->last_change_number(), 1);
}

// The server has carried out the command, and its response says that it may have. Running the closure again would do it
// twice.
TEST_F(MongoFaults, ACommitWhoseResponseIsLostHappensOnce) {
  const auto made = product();
  const auto failing =
      fails(times(4), commands("commitTransaction")
                          .add("writeConcernError", Doc("code", 91, "errmsg", "shutting down", "codeName", "x")));
  EXPECT_TRUE(create(made).has_value());
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(changes_of(made), 1U);
}

TEST_F(MongoFaults, AConnectionThatIsCutAtTheCommitIsNotAFailure) {
  const auto made = product();
  const auto failing = fails(times(3), commands("commitTransaction").add("closeConnection", true));
  EXPECT_TRUE(create(made).has_value());
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(changes_of(made), 1U);
}

TEST_F(MongoFaults, AConnectionThatIsCutBeforeTheCommitRunsTheGroupAgain) {
  const auto made = product();
  const auto failing = fails(times(2), commands("insert").add("closeConnection", true));
  EXPECT_TRUE(create(made).has_value());
  EXPECT_EQ(changes_of(made), 1U);
}

TEST_F(MongoFaults, ACommitThatStaysUnknownIsNotASuccess) {
  open(milliseconds(300));
  const auto made = product();
  {
    const auto failing =
        fails(Doc("times", 1000),
              commands("commitTransaction").add("writeConcernError", Doc("code", 91, "errmsg", "shutting down")));
    const auto result = create(made);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Code::unavailable);
    EXPECT_TRUE(result.error().retry_after);
    EXPECT_EQ(result.error().detail.find("nothing was changed"), std::string::npos) << "that is not known";
  }
  EXPECT_EQ(runs_, 1);
  const auto next = product();
  EXPECT_TRUE(create(next).has_value());
  EXPECT_EQ(store_->read()->last_change_number(), static_cast<std::int64_t>(changes_of(made) + changes_of(next)));
}

TEST_F(MongoFaults, WithoutAPrimaryWritesAndReadsAreUnavailableAndThenGoOn) {
  open(milliseconds(300));
  const auto made = product();
  {
    const auto failing = fails(Doc("times", 1000),
                               Doc("failCommands", Array().add("findAndModify").add("find")).add("errorCode", 10107));
    const auto result = create(made);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Code::unavailable);
    EXPECT_TRUE(result.error().retry_after);
    EXPECT_THROW(store_->read()->product(made.id), Unavailable);
    EXPECT_THROW(store_->read()->products({}), Unavailable);
    EXPECT_THROW(store_->session(SessionId{}), Unavailable);
  }
  EXPECT_TRUE(create(made).has_value());
  EXPECT_EQ(store_->read()->product(made.id), made);
}

// The server refuses it only when the whole group is sent, without saying which job it belongs to.
TEST_F(MongoFaults, ADocumentThatTheServerRefusesFailsOnlyItsOwnJob) {
  std::vector<std::future<Code>> answers;
  static constexpr Code ok = Code::bad_request;  // stands for success: no write here ends with it
  std::vector<model::Product> products;
  for (int i = 0; i < 20; ++i) products.push_back(product());
  products[7].name.clear();  // which the validator refuses
  for (const auto& each : products) {
    auto promise = std::make_shared<std::promise<Code>>();
    answers.push_back(promise->get_future());
    auto run = [each](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product({}, each));
      return true;
    };
    auto tell = [promise](const Result<bool>& r) { promise->set_value(r.has_value() ? ok : r.error().code); };
    store_->submit(make_job<bool>({}, run, tell));
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].get(), i == 7 ? Code::internal : ok) << i;
    EXPECT_EQ(changes_of(products[i]), i == 7 ? 0U : 1U) << i;
  }
  EXPECT_EQ(store_->read()->last_change_number(), 19);
}

TEST_F(MongoFaults, ATouchIsAWriteOncePerSecond) {
  open(milliseconds(300));
  const auto touch = [this] {
    return store_->write([](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.touch());
      return true;
    });
  };
  {
    const auto failing = fails(Doc("times", 1000), commands("findAndModify").add("errorCode", 10107));
    EXPECT_EQ(touch().error().code, Code::unavailable);
  }
  const auto before = commits();
  EXPECT_TRUE(touch().has_value());
  EXPECT_TRUE(touch().has_value());
  EXPECT_EQ(commits() - before, 1) << "another commit has just proved it";
}

}  // namespace
}  // namespace integrity::store::mongo
