// The origin of a write counts: sources share the queue fairly, and nothing is written for a request that is too old,
// for a client that has gone, or for a session that has ended.
#include <future>

#include "store/contract/store_contract.hpp"

namespace integrity::store {
namespace {

using std::chrono::steady_clock;

// A client that has gone after so many checks.
class Impatient final : public Waiter {
 public:
  explicit Impatient(int checks_max) : left_(checks_max) {}
  bool gone() const noexcept override { return left_-- <= 0; }

 private:
  mutable std::atomic<int> left_;
};

// Blocks the writer until `release`, so that what is submitted meanwhile waits.
class HeldWriter {
 public:
  explicit HeldWriter(Store& store) {
    auto hold = [this, first = std::make_shared<std::atomic<bool>>(true)](WriteTx&) -> Result<bool> {
      if (first->exchange(false)) begun_.set_value();
      released_.wait();
      return true;
    };
    store.submit(make_job<bool>({}, hold, [](const Result<bool>&) {}));
    begun_.get_future().wait();
  }
  void release() { release_.set_value(); }

 private:
  std::promise<void> begun_, release_;
  std::shared_future<void> released_{release_.get_future()};
};

// Sixteen strangers have hundreds of writes each: the owner's write does not wait for all of them, but is among the
// first.
TEST_P(StoreContract, ASourceWithOneWriteWaitsForOneWriteOfEachOther) {
  constexpr std::size_t strangers = 16, each = 100;
  HeldWriter writer(store());
  std::mutex mutex;
  std::vector<std::string> order;  // in which writes were answered
  std::promise<void> all;
  const auto submit = [&](const std::string& source) {
    auto run = [](WriteTx& tx) -> Result<bool> { return tx.now() > Time(); };
    store().submit(make_job<bool>({.source = source}, run, [&, source](const Result<bool>&) {
      const std::lock_guard lock(mutex);
      order.push_back(source);
      if (order.size() == strangers * each + 1) all.set_value();
    }));
  };
  for (std::size_t i = 0; i < strangers * each; ++i) submit("stranger " + std::to_string(i % strangers));
  submit("owner");
  writer.release();
  all.get_future().wait();
  open();  // closing waits until the last completion has returned
  const auto owner = std::find(order.begin(), order.end(), "owner");
  EXPECT_LE(owner - order.begin(), std::ptrdiff_t{strangers});
}

TEST_P(StoreContract, AFullQueueMakesRoomForASourceWithFewerJobs) {
  open({.queue_max = 8});
  HeldWriter writer(store());
  std::atomic<int> refused = 0;
  const auto write = [](WriteTx&) -> Result<bool> { return true; };
  for (int i = 0; i < 20; ++i) {
    store().submit(make_job<bool>({.source = "stranger"}, write, [&](const Result<bool>& r) { refused += !r; }));
  }
  EXPECT_EQ(refused, 12);
  std::promise<bool> owner;
  store().submit(
      make_job<bool>({.source = "owner"}, write, [&](const Result<bool>& r) { owner.set_value(r.has_value()); }));
  EXPECT_EQ(refused, 13);
  writer.release();
  EXPECT_TRUE(owner.get_future().get());
  open();
  EXPECT_EQ(refused, 13);
}

TEST_P(StoreContract, NothingIsWrittenForARequestThatIsTooOld) {
  const auto made = product();
  const auto create = [&](WriteTx& tx) { return done(tx.create_product(act_, made)); };
  const auto late = store().write({.begun = steady_clock::now() - request_age_max - std::chrono::seconds(1)}, create);
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Code::unavailable);
  EXPECT_FALSE(stored(made));
  EXPECT_EQ(store().read()->last_change_number(), 0);
  EXPECT_TRUE(store().write({.begun = steady_clock::now()}, create).has_value());
}

TEST_P(StoreContract, NothingIsWrittenForARequestThatBecameTooOldInTheQueue) {
  const auto made = product();
  const auto limit = std::chrono::milliseconds(200);
  std::promise<Result<bool>> answer;
  HeldWriter writer(store());
  const auto submitted = steady_clock::now();
  store().submit(make_job<bool>(
      {.begun = submitted - request_age_max + limit}, [&](WriteTx& tx) { return done(tx.create_product(act_, made)); },
      [&](Result<bool> result) { answer.set_value(std::move(result)); }));
  std::this_thread::sleep_until(submitted + limit);
  writer.release();
  const auto result = answer.get_future().get();
  open();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Code::unavailable);
  EXPECT_FALSE(stored(made));
}

TEST_P(StoreContract, NothingIsWrittenForAClientThatHasGone) {
  const auto made = product();
  bool ran = false;
  const auto left = store().write({.waiter = std::make_shared<Impatient>(0)}, [&](WriteTx& tx) {
    ran = true;
    return done(tx.create_product(act_, made));
  });
  ASSERT_FALSE(left.has_value());
  EXPECT_EQ(left.error().code, Code::unavailable);
  EXPECT_FALSE(ran);
  EXPECT_FALSE(stored(made));
}

// A repeated transaction may come long after the first one: each time the client is checked.
TEST_P(StoreContract, AWriteThatIsRunAgainChecksAgainWhetherItMayBegin) {
  open({.run_writes_twice = true});
  const auto made = product();
  const auto left = store().write({.waiter = std::make_shared<Impatient>(1)},
                                  [&](WriteTx& tx) { return done(tx.create_product(act_, made)); });
  ASSERT_FALSE(left.has_value());
  EXPECT_EQ(left.error().code, Code::unavailable);
  EXPECT_FALSE(stored(made));
}

class Actors {
 public:
  explicit Actors(Store& store) : store_(store) {}
  // The error of a write of this session; nothing: it was written.
  std::optional<Code> write(const model::Session& session, const model::Product& product) {
    const auto result = store_.write({.session = session.id}, [&](WriteTx& tx) -> Result<bool> {
      INTEGRITY_CHECK(tx.create_product({}, product));
      return true;
    });
    return result ? std::nullopt : std::optional(result.error().code);
  }

 private:
  Store& store_;
};

TEST_P(StoreContract, NothingIsWrittenForASessionThatHasEnded) {
  const auto ada = given_user("ada");
  const auto ended = session_of(ada), alive = session_of(ada), unknown = session_of(ada);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = ended});
    tx.start_session(act_, {.session = alive});
    return true;
  });
  Actors actors(store());
  EXPECT_EQ(actors.write(ended, product()), std::nullopt);
  given([&](WriteTx& tx) -> Result<bool> { return tx.end_session(act_, ended.id); });
  const auto refused = product();
  EXPECT_EQ(actors.write(ended, refused), Code::invalid_token);
  EXPECT_FALSE(stored(refused));
  EXPECT_EQ(actors.write(alive, product()), std::nullopt);
  EXPECT_EQ(actors.write(unknown, product()), Code::invalid_token);
  clock_.move(std::chrono::hours(13));
  EXPECT_EQ(actors.write(alive, product()), Code::invalid_token);
}

TEST_P(StoreContract, AnAccountThatIsNotActiveHasNoSessions) {
  auto ada = given_user("ada");
  const auto session = session_of(ada);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = session});
    return true;
  });
  given([&](WriteTx& tx) -> Result<bool> {
    auto disabled = *tx.user(ada.id);
    disabled.state = model::UserState::disabled;
    tx.update_user(act_, "user.disable", disabled);
    return true;
  });
  EXPECT_EQ(Actors(store()).write(session, product()), Code::invalid_token);
  EXPECT_EQ(history(model::RecordKind::session, record_id(session.id))[0].op, "session.end");
}

// Starting or ending a session counts for later writes in the same commit. An end that is undone ends nothing.
TEST_P(StoreContract, AnEndOfASessionCountsForTheWritesOfItsGroup) {
  const auto ada = given_user("ada");
  const auto session = session_of(ada), other = session_of(ada);
  given([&](WriteTx& tx) -> Result<bool> {
    tx.start_session(act_, {.session = session});
    return true;
  });
  std::map<std::string, Result<bool>> answers;
  std::mutex mutex;
  const auto submit = [&](const std::string& name, const Origin& origin, const WriteFunction<bool>& function) {
    store().submit(make_job<bool>(origin, function, [&, name](Result<bool> result) {
      const std::lock_guard lock(mutex);
      answers.emplace(name, std::move(result));
    }));
  };
  const auto create = [&](const model::Product& made) {
    return [&, made](WriteTx& tx) { return done(tx.create_product(act_, made)); };
  };
  const auto before = product(), undone = product(), after = product(), fresh = product();
  {
    HeldWriter writer(store());
    submit("before", {.session = session.id}, create(before));
    submit("an end that fails", {}, [&](WriteTx& tx) -> Result<bool> {
      tx.end_session(act_, session.id);
      return Error{Code::insufficient_stock};
    });
    submit("after an end that failed", {.session = session.id}, create(undone));
    submit("end", {}, [&](WriteTx& tx) -> Result<bool> {
      tx.start_session(act_, {.session = other});
      return tx.end_session(act_, session.id);
    });
    submit("after", {.session = session.id}, create(after));
    submit("fresh", {.session = other.id}, create(fresh));
    writer.release();
    open();  // closing waits for the answers
  }
  EXPECT_TRUE(answers.at("before").has_value());
  EXPECT_TRUE(answers.at("after an end that failed").has_value());
  EXPECT_TRUE(answers.at("end").value());
  ASSERT_FALSE(answers.at("after").has_value());
  EXPECT_EQ(answers.at("after").error().code, Code::invalid_token);
  EXPECT_FALSE(stored(after));
  EXPECT_TRUE(answers.at("fresh").has_value());
}

}  // namespace
}  // namespace integrity::store
