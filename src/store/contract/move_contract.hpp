// What the tests of migrations (move_test.cpp) share: a store with rows of every kind, and all of it as text to
// compare. Engines take part as in the other tests of the contract.
#pragma once
#include "store/contract/store_contract.hpp"
#include "store/move.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::store {

inline constexpr std::array<model::ProductKey, 5> kOrders{model::ProductKey::created_at, model::ProductKey::name,
                                                          model::ProductKey::price, model::ProductKey::stock,
                                                          model::ProductKey::updated_at};

class Silent final : public MoveWatcher {
  void sealing() override {}
  void sealed(const MigrationState&, bool) override {}
  void copied(RowKind, std::size_t, std::size_t) override {}
};

// The embedded engine, in a folder of its own.
class OtherStore {
 public:
  std::unique_ptr<Bulk> open_bulk() const { return sqlite::open_sqlite_bulk(file_, plain_text); }
  std::unique_ptr<Store> open(const Clock& clock) const {
    return sqlite::open_sqlite({.file = file_, .clock = &clock, .text = plain_text});
  }

 private:
  TempFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "integrity.db";
};

// Passes everything on, until `left` changes are left: the last of them throws instead.
class Interrupted final : public Bulk {
 public:
  Interrupted(Bulk& bulk, int& left) : bulk_(bulk), left_(left) {}
  std::string address() const override { return bulk_.address(); }
  std::optional<MigrationState> migration_state() override { return bulk_.migration_state(); }
  bool empty() override { return bulk_.empty(); }
  std::optional<std::string> foreign() override { return bulk_.foreign(); }
  void prepare() override { (step(), bulk_.prepare()); }
  void set_migration_state(const std::optional<MigrationState>& state) override {
    (step(), bulk_.set_migration_state(state));
  }
  std::size_t count(RowKind kind) override { return bulk_.count(kind); }
  void read(RowKind kind, std::size_t skip, const std::function<void(Row)>& take) override {
    bulk_.read(kind, skip, take);
  }
  void write(std::span<const Row> rows) override { (step(), bulk_.write(rows)); }
  void clear() override { (step(), bulk_.clear()); }
  Watermark watermark() override { return bulk_.watermark(); }
  void set_watermark(const Watermark& watermark) override { (step(), bulk_.set_watermark(watermark)); }

 private:
  void step() {
    if (--left_ == 0) throw Unavailable("interrupted");
  }
  Bulk& bulk_;
  int& left_;
};

class StoreMove : public StoreContract {
 protected:
  Result<Moved> move_all(Bulk& source, Bulk& target) { return move(source, target, clock_.now(), random_, silent_); }
  std::string refusal(Bulk& source, Bulk& target) {
    const auto moved = move_all(source, target);
    return moved ? "moved" : moved.error().detail;
  }
  std::string refusal_to_open() {
    try {
      open();
      return "opened";
    } catch (const Unavailable& refused) {
      return refused.what();
    }
  }

  // Rows of every kind, as the program writes them.
  void fill() {
    given_pending("waiting");
    ada_ = given_user("ada");
    const auto bob = given_user("Bob");
    session_ = {.session = session_of(ada_), .device = {.address = "192.0.2.7", .user_agent = "curl"}};
    session_.session.generation = 3;
    session_.session.refreshed_at = clock_.now();
    key_ = key_of(ada_, 7);
    key_.addresses = {"192.0.2.0/24"};
    auto revoked = key_of(bob, 8);
    invitation_ = invitation_of(6);
    given([&](WriteTx& tx) -> Result<bool> {
      tx.start_session(act_, session_);
      tx.add_api_key({.actor = ada_.id, .reason = "why"}, key_);
      tx.add_api_key(act_, revoked);
      tx.revoke_api_key({.key = key_.id, .proof = model::Attribution::Proof::key}, revoked, tx.now());
      tx.add_invitation(act_, invitation_);
      tx.replace_recovery_codes(act_, ada_, {digest(3), digest(1), digest(2)});
      auto user = bob;
      tx.replace_recovery_codes(act_, user, {digest(9)});
      tx.spend_recovery_code(act_, user, digest(9));
      auto challenge = challenge_of(ada_, 5);
      tx.add_challenge(challenge);
      tx.count_challenge_try(challenge.token_hash, 5);
      tx.set_factor_counters(ada_.id, {77, 2, 3, clock_.now() + std::chrono::hours(1)});
      tx.set_factor_counters(bob.id, {.last_step = 5});
      tx.set_key_fingerprint("a.key", digest(4));
      for (std::uint8_t i = 0; i < 20; ++i) {
        model::StoredResponse answer{.status = 201, .headers = "ETag: \"1\"\r\n", .body = "{}"};
        answer.expires_at = tx.now() + std::chrono::hours(24);
        INTEGRITY_CHECK(tx.store_response(ada_.id, key(i), answer, 100));
      }
      return true;
    });
    for (int i = 0; i < 30; ++i) {
      auto made = product("Lamp " + std::to_string(i * 7 % 10));
      if (i % 2 == 0) made.sku = "L-" + std::to_string(i);
      if (i % 3 == 0) made.description = "of tin \U0001F422";
      made.price = Money{i * 12'345 % 99};
      made.stock = i % 4;
      given([&](WriteTx& tx) { return done(tx.create_product(act_, made)); });
      if (i % 5 == 0) clock_.move(Millis(1));
      if (i % 6 == 1) given([&](WriteTx& tx) { return done(tx.delete_product({.reason = "gone"}, made)); });
      products_.push_back(made);
    }
    auto after = products_[2];
    after.stock += 4;
    given([&](WriteTx& tx) {
      return done(tx.update_product({.actor = ada_.id, .reference = "R-1"}, "product.stock", products_[2], after));
    });
  }
  static model::ResponseKey key(std::uint8_t number) { return {number}; }

  // Everything that can be read, as text.
  std::string all_of(Store& store) {
    std::ostringstream out;
    const auto tx = store.read();
    for (const auto& user : tx->users()) {
      const auto counters = tx->factor_counters(user.id);
      out << user.username << to_hex(user.totp_secret) << user.pending_network << user.version << ' '
          << counters.last_step << counters.failures << counters.failures_unredeemed
          << counters.locked_until.has_value() << tx->recovery_codes_left(user.id) << '\n';
      write_history(out, *tx, model::RecordKind::user, record_id(user.id));
    }
    const auto challenge = tx->challenge(digest(5));
    out << challenge->attempts << challenge->user.hex() << to_rfc3339(challenge->expires_at) << '\n'
        << to_rfc3339(tx->session(session_.session.id)->expires_at) << '\n';
    EXPECT_EQ(tx->sessions_of(ada_.id), std::vector{session_});
    EXPECT_EQ(tx->api_key(key_.id), key_);
    EXPECT_EQ(tx->api_keys().size(), 2U);
    EXPECT_EQ(tx->invitation(invitation_.id), invitation_);
    for (const auto& each : tx->find_changes({.limit = 1000}).changes) {
      out << each.number << each.op << (each.account ? each.account->hex() : "-")
          << (each.attribution.key ? each.attribution.key->hex() : "-") << each.before << each.after << '\n';
    }
    for (const auto by : kOrders) write_pages(out, *tx, {by, by == model::ProductKey::price});
    for (const auto& each : products_) write_history(out, *tx, model::RecordKind::product, record_id(each.id));
    for (const auto& each : tx->products({.words = {"tin"}}).products) out << each.id.hex() << ' ';
    out << tx->last_change_number();
    return out.str();
  }
  // With the position where each page ends: a client that continues in the other store misses nothing.
  static void write_pages(std::ostream& out, ReadTx& tx, model::ProductOrder order) {
    std::string after;
    do {
      const auto page = tx.products({.order = order, .after = after, .limit = 7});
      for (const auto& each : page.products) {
        out << each.id.hex() << each.sku.value_or("-") << each.name << each.description.value_or("-")
            << each.price.units << each.currency << each.stock << each.version << to_rfc3339(each.updated_at) << '\n';
      }
      after = page.next;
      out << "next " << to_hex(as_bytes(after)) << '\n';
    } while (!after.empty());
  }
  static void write_history(std::ostream& out, ReadTx& tx, model::RecordKind kind, const RecordId& record) {
    for (const auto& change : tx.changes(kind, record, {}, 100)) {
      out << change.number << ' ' << to_rfc3339(change.at) << change.op << change.revision
          << (change.attribution.actor ? change.attribution.actor->hex() : "-")
          << static_cast<int>(change.attribution.proof) << change.attribution.reason.value_or("-")
          << change.attribution.reference.value_or("-") << change.after << '\n';
    }
  }

  // What was spent stays spent, responses are still stored, and numbers, times and sequence numbers continue.
  void expect_to_go_on(Store& there, std::int64_t last_number) {
    const auto made = product("Last");
    const auto went_on = there.write([&](WriteTx& tx) -> Result<bool> {
      EXPECT_FALSE(tx.spend_totp_step(ada_.id, 77));
      EXPECT_TRUE(tx.spend_recovery_code(act_, ada_, digest(2)));
      EXPECT_FALSE(tx.spend_recovery_code(act_, ada_, digest(2)));
      EXPECT_EQ(tx.stored_response(ada_.id, key(7))->body, "{}");
      EXPECT_EQ(tx.stored_response(ada_.id, key(99)), std::nullopt);
      EXPECT_EQ(tx.key_fingerprint("a.key"), digest(4));
      INTEGRITY_CHECK(tx.create_product(act_, made));
      return true;
    });
    ASSERT_TRUE(went_on.has_value()) << went_on.error().detail << went_on.error().cause;
    const auto tx = there.read();
    EXPECT_EQ(tx->last_change_number(), last_number + 2);
    EXPECT_EQ(tx->products({}).products.back().id, made.id);
  }

  SystemRandom random_;
  Silent silent_;
  model::User ada_;
  model::SessionRecord session_;
  model::ApiKey key_;
  model::Invitation invitation_;
  std::vector<model::Product> products_;
};

}  // namespace integrity::store
