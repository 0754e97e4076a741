// Power cuts at any write, sync or removal, on a disk that keeps any part of what was not synced (volatile_disk.hpp).
// Afterwards every acknowledged write must be there, each other one wholly or not at all, the history must be dense, and
// nothing that was spent may be spendable again.
//
// INTEGRITY_POWER_CUTS: how many. SEED: repeats the writes, the cuts and what survives them, but not the timing of the
// thread that copies the log. The first hundred cuts, and those on a disk that lies, always have the same seed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <random>

#include "store/contract/store_contract.hpp"
#include "store/sqlite/db.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "store/sqlite/volatile_disk.hpp"

namespace integrity::store::sqlite {
namespace {

constexpr int kCutsOfAFolder = 20, kCutsOfALargeFolder = 5;
// With this seed every kind of cut happens several times in so many, and each lie is found. A random one would leave
// both to chance.
constexpr std::uint64_t kKnownSeed = 1;
constexpr int kKnownCuts = 100;
constexpr std::size_t kCodes = 10;
constexpr std::size_t kDescriptionMax = 4000;

// What a check found.
struct Loss : std::runtime_error {
  using std::runtime_error::runtime_error;
};
void demand(bool holds, const std::string& otherwise) {
  if (!holds) throw Loss(otherwise);
}

struct Tally {
  int cuts = 0, opening = 0, copying = 0, closing = 0;
  std::size_t acknowledged = 0, there = 0, absent = 0;  // of those without a result, what was there afterwards
  std::size_t unsynced = 0, names = 0;
};

// A data folder in the course of several power cuts, and what must be in it.
class Life {
 public:
  // In a large one the log is copied back when the power fails.
  Life(std::uint64_t seed, bool large, VolatileDisk::Lie lie, Tally& tally)
      : chance_(seed), large_(large), tally_(tally), disk_(lie) {
    while (draw(2) == 0) cut_while_opening();
    open();
    confirm_user();
  }

  void cut() {
    write_until_off();
    const bool closing = !disk_.off() && draw(2) == 0;
    disk_.cut_after(closing ? operations(8) : 0);
    store_.reset();
    tally_.closing += closing;
    tally_.copying += restart().copying;
    while (draw(4) == 0) cut_while_opening();
    open();
    for (const auto& action : under_way_) {
      const bool is_there = action.is_there(*store_);
      if (is_there) action.remember();
      ++(is_there ? tally_.there : tally_.absent);
    }
    under_way_.clear();
    check();
  }

 private:
  struct Action {
    WriteFunction<bool> run;  // true
    std::function<bool(Store&)> is_there;
    std::function<void()> remember;
  };

  std::uint64_t draw(std::uint64_t below) { return chance_() % below; }
  // From 1 on; near and far cuts are equally likely.
  int operations(unsigned magnitudes) { return 1 + static_cast<int>(draw(std::uint64_t{1} << draw(magnitudes))); }

  void open() { store_ = open_sqlite({.file = file(), .clock = &clock_, .text = plain_text}); }
  std::filesystem::path file() const { return folder_.path() / "integrity.db"; }
  VolatileDisk::Cut restart() {
    const auto cut = disk_.restart([this](std::uint64_t below) { return draw(below); });
    ++tally_.cuts;
    tally_.unsynced += cut.unsynced;
    tally_.names += cut.names;
    return cut;
  }
  void cut_while_opening() {
    disk_.cut_after(operations(8));
    try {
      open();
    } catch (const Unavailable&) {
      if (!disk_.off()) throw;
    }
    disk_.cut_after(0);
    store_.reset();
    ++tally_.opening;
    restart();
  }

  template <class F>
  bool wrote(F function) {
    const auto result = store_->write(WriteFunction<bool>(std::move(function)));
    demand(result.has_value(), "refused with the power on");
    return *result;
  }

  void write_until_off() {
    using Count = VolatileDisk::Count;
    if (large_) return fill_log();
    disk_.cut_after(operations(13), draw(2) == 0 ? Count::all : Count::until_sync);
    for (auto groups = 1 + draw(60); groups > 0 && !disk_.off(); --groups) {
      // Each is about another thing, so that it can be found by itself.
      std::vector<Action> actions{creation(1 + draw(100))};
      if (!products_.empty() && draw(2) == 0) actions.push_back(movement());
      if (draw(3) == 0) actions.push_back(step());
      if (draw(3) == 0) actions.push_back(codes_.empty() ? new_codes() : code());
      if (draw(3) == 0) actions.push_back(session_.has_value() ? session_end() : session_start());
      if (draw(3) == 0) actions.push_back(response());
      write_together(std::move(actions));
    }
  }
  // Until it is copied back.
  void fill_log() {
    disk_.cut_after(operations(11), VolatileDisk::Count::of_databases);
    for (int groups = 0; groups < 100 && !disk_.off(); ++groups) {
      std::vector<Action> actions;
      while (actions.size() < 64) actions.push_back(creation(kDescriptionMax));
      write_together(std::move(actions));
    }
  }
  void write_together(std::vector<Action> actions) {
    std::vector<std::future<Result<bool>>> results;
    for (const auto& action : actions) {
      const auto promise = std::make_shared<std::promise<Result<bool>>>();
      results.push_back(promise->get_future());
      auto tell = [promise](Result<bool> result) { promise->set_value(std::move(result)); };
      store_->submit(make_job<bool>({}, action.run, tell));
    }
    for (std::size_t i = 0; i < actions.size(); ++i) {
      const auto result = results[i].get();
      if (result) {
        demand(*result, "acknowledged, but it found something else than there must be");
        actions[i].remember();
        ++tally_.acknowledged;
      } else {
        demand(result.error().code == Code::unavailable && disk_.off(), "refused: " + result.error().cause);
        under_way_.push_back(std::move(actions[i]));
      }
    }
  }

  Action creation(std::size_t description_size) {
    const auto product = fresh_product(description_size);
    return {[product](WriteTx& tx) -> Result<bool> {
              INTEGRITY_CHECK(tx.create_product({}, product));
              return true;
            },
            [product](Store& store) { return store.read()->product(product.id).has_value(); },
            [this, product] {
              ++changes_;
              products_.push_back(product);
            }};
  }
  Action movement() {
    const auto at = draw(products_.size());
    const auto before = products_[at];
    auto after = before;
    after.stock += 1;
    ++after.version;
    return {[before, after](WriteTx& tx) mutable -> Result<bool> {
              const auto now = tx.product(before.id);
              if (!now || now->version != before.version) return false;
              INTEGRITY_CHECK(tx.update_product({}, "product.stock", *now, after));
              return true;
            },
            [after](Store& store) {
              const auto found = store.read()->product(after.id);
              return found && found->version == after.version;
            },
            [this, at, after] {
              ++changes_;
              products_[at] = after;
            }};
  }
  Action step() {
    const auto step = step_ + 1;
    return {[=, this](WriteTx& tx) -> Result<bool> { return tx.spend_totp_step(user_.id, step); },
            [=, this](Store& store) { return store.read()->factor_counters(user_.id).last_step == step; },
            [=, this] { step_ = step; }};
  }
  Action new_codes() {
    std::vector<model::Digest> codes;
    while (codes.size() < kCodes) codes.push_back(digest());
    return {[=, this](WriteTx& tx) -> Result<bool> {
              auto user = stored_user(tx);
              tx.replace_recovery_codes({}, user, codes);
              return true;
            },
            [=, this](Store& store) { return store.read()->recovery_codes_left(user_.id) == std::ssize(codes); },
            [=, this] {
              ++changes_;
              codes_ = codes;
            }};
  }
  Action code() {
    const auto code = codes_.back();
    const auto left = std::ssize(codes_) - 1;
    return {[=, this](WriteTx& tx) -> Result<bool> { return spend(tx, code); },
            [=, this](Store& store) { return store.read()->recovery_codes_left(user_.id) == left; },
            [=, this] {
              ++changes_;
              codes_.pop_back();
              spent_code_ = code;
            }};
  }
  model::User stored_user(ReadTx& tx) const {
    const auto user = tx.user(user_.id);
    demand(user.has_value(), "the account is gone");
    return *user;
  }
  bool spend(WriteTx& tx, const model::Digest& code) const {
    auto user = stored_user(tx);
    return tx.spend_recovery_code({}, user, code);
  }
  Action session_start() {
    model::Session session{.id = SessionId{id()}, .user = user_.id, .created_at = clock_.now()};
    session.proven_at = clock_.now();
    session.expires_at = clock_.now() + std::chrono::hours(1);
    return {[session](WriteTx& tx) -> Result<bool> {
              tx.start_session({}, {.session = session});
              return true;
            },
            [session](Store& store) { return store.session(session.id).has_value(); },
            [this, session] {
              ++changes_;
              session_ = session.id;
            }};
  }
  Action session_end() {
    const auto id = *session_;
    return {[id](WriteTx& tx) -> Result<bool> { return tx.end_session({}, id); },
            [id](Store& store) { return !store.session(id); },
            [this, id] {
              ++changes_;
              session_.reset();
              ended_session_ = id;
            }};
  }
  Action response() {
    model::ResponseKey key{};
    std::copy_n(digest().begin(), key.size(), key.begin());
    const model::StoredResponse stored{.status = 201, .body = "{}", .expires_at = clock_.now() + std::chrono::hours(1)};
    const auto finds = [=, this](WriteTx& tx) -> Result<bool> { return tx.stored_response(user_.id, key).has_value(); };
    return {[=, this](WriteTx& tx) -> Result<bool> {
              INTEGRITY_CHECK(tx.store_response(user_.id, key, stored, 100'000));
              return true;
            },
            [=, this](Store&) { return wrote(finds); }, [=, this] { response_ = finds; }};
  }

  void confirm_user() {
    user_.id = UserId{id()};
    user_.username = "ada";
    user_.password_hash = "$2b$12$hash";
    user_.pending_until = clock_.now() + model::pending_life;
    user_.created_at = user_.updated_at = clock_.now();
    wrote([this](WriteTx& tx) -> Result<bool> {
      auto user = user_;
      INTEGRITY_CHECK(tx.add_pending_user(user));
      user.state = model::UserState::active;
      user.totp_secret = {1, 2, 3};
      user.totp_confirmed_at = user.confirmed_at = clock_.now();
      user.role = model::Role::editor;
      user.pending_until.reset();
      tx.update_user({}, "user.confirm", user);
      return true;
    });
    ++changes_;
  }
  model::Product fresh_product(std::size_t description_size) {
    model::Product product;
    product.id = ProductId{id()};
    product.name = "Lamp " + std::to_string(draw(1000));
    product.currency = "EUR";
    product.description.emplace(description_size, static_cast<char>('a' + draw(26)));
    product.created_at = product.updated_at = clock_.now();
    return product;
  }
  std::array<std::uint8_t, 12> id() {
    const auto bytes = digest();
    std::array<std::uint8_t, 12> id{};
    std::copy_n(bytes.begin(), id.size(), id.begin());
    return id;
  }
  model::Digest digest() {
    model::Digest digest;
    for (auto& byte : digest) byte = static_cast<std::uint8_t>(chance_());
    return digest;
  }

  // Everything in the folder is what was acknowledged, and what was found besides.
  void check() {
    const auto reader = store_->read();
    for (const auto& product : products_) {
      const auto found = reader->product(product.id);
      demand(found.has_value(), "an acknowledged product is gone");
      demand(found->version == product.version && found->stock == product.stock, "an acknowledged movement is gone");
      demand(found->name == product.name && found->description == product.description, "a product is half written");
    }
    demand(reader->recovery_codes_left(user_.id) == std::ssize(codes_), "the recovery codes are others");
    demand(!session_ || store_->session(*session_), "a session is gone");
    demand(!ended_session_ || !store_->session(*ended_session_), "an ended session is back");
    demand(!response_ || wrote(*response_), "a stored response is gone");
    demand(!wrote([&](WriteTx& tx) -> Result<bool> { return tx.spend_totp_step(user_.id, step_); }),
           "a spent step could be spent again");
    demand(!spent_code_ || !wrote([&](WriteTx& tx) -> Result<bool> { return spend(tx, *spent_code_); }),
           "a spent recovery code could be spent again");
    demand(reader->last_change_number() == changes_, "there are changes too many or too few");
    Database db(file(), Database::Open::read);
    for (auto row = db.query("PRAGMA integrity_check"); row.next();) {
      const auto found = row.take<std::string>();
      demand(found == "ok", found);
    }
    demand(!db.query("PRAGMA foreign_key_check").next(), "a foreign key leads nowhere");
    auto count = db.query("SELECT count(*) FROM changes WHERE number BETWEEN 1 AND ?", changes_);
    demand(count.next() && count.take<std::int64_t>() == changes_, "the history has a gap");
    demand(!db.query("SELECT 1 FROM products p WHERE version <> (SELECT count(*) FROM changes WHERE product = p.place)"
                     " UNION ALL SELECT 1 WHERE ? <> (SELECT count(*) FROM products)",
                     products_.size())
                .next(),
           "a product and its history do not fit");
  }

  std::mt19937_64 chance_;
  const bool large_;
  Tally& tally_;
  ManualClock clock_;
  const TempFolder folder_;
  VolatileDisk disk_;
  std::unique_ptr<Store> store_;
  std::vector<Action> under_way_;  // no result, or an error, before the power was off

  model::User user_;
  std::int64_t changes_ = 0;
  std::vector<model::Product> products_;
  std::int64_t step_ = 0;
  std::vector<model::Digest> codes_;
  std::optional<model::Digest> spent_code_;
  std::optional<SessionId> session_, ended_session_;
  std::optional<WriteFunction<bool>> response_;
};

std::uint64_t seed() {
  const char* const given = std::getenv("SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

// Until so many cuts, or the first loss.
std::optional<std::string> loss_in(int cuts, std::uint64_t seed, VolatileDisk::Lie lie, Tally& tally) {
  for (std::uint64_t number = 0; tally.cuts < cuts; ++number) {
    try {
      const bool large = number % 8 == 0;
      Life life(seed + number, large, lie, tally);
      const auto end = std::min(cuts, tally.cuts + (large ? kCutsOfALargeFolder : kCutsOfAFolder));
      while (tally.cuts < end) life.cut();
    } catch (const std::exception& loss) {
      return "SEED=" + std::to_string(seed + number) + ": " + loss.what();
    }
  }
  return {};
}

TEST(PowerCuts, LoseNothingThatWasAcknowledged) {
  const char* const wanted = std::getenv("INTEGRITY_POWER_CUTS");
  const int cuts = wanted != nullptr ? std::stoi(wanted) : 200;
  Tally tally;
  auto loss = loss_in(std::min(cuts, kKnownCuts), kKnownSeed, VolatileDisk::Lie::none, tally);
  if (!loss) loss = loss_in(cuts, seed(), VolatileDisk::Lie::none, tally);
  EXPECT_FALSE(loss) << *loss;
  EXPECT_GT(tally.opening, 0);
  EXPECT_GT(tally.copying, 0);
  EXPECT_GT(tally.closing, 0);
  EXPECT_GT(tally.there, 0U);
  EXPECT_GT(tally.absent, 0U);
  RecordProperty("cuts", tally.cuts);
  RecordProperty("while_opening", tally.opening);
  RecordProperty("while_copying", tally.copying);
  RecordProperty("while_closing", tally.closing);
  RecordProperty("acknowledged", std::to_string(tally.acknowledged));
  RecordProperty("there", std::to_string(tally.there));
  RecordProperty("absent", std::to_string(tally.absent));
  RecordProperty("unsynced", std::to_string(tally.unsynced));
  RecordProperty("names", std::to_string(tally.names));
}

// The loop above would find it if the store synced less than it does.
TEST(PowerCuts, LoseSomethingOnADiskThatOnlySaysThatItHasSynced) {
  for (const auto lie : {VolatileDisk::Lie::log, VolatileDisk::Lie::database, VolatileDisk::Lie::folder}) {
    Tally tally;
    EXPECT_TRUE(loss_in(200, kKnownSeed, lie, tally)) << static_cast<int>(lie);
  }
}

}  // namespace
}  // namespace integrity::store::sqlite
