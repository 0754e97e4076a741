#include "flask/import.hpp"

#include <gtest/gtest.h>

#include "store/sqlite/sqlite_store.hpp"
#include "testing/clock.hpp"
#include "testing/folder.hpp"
#include "testing/random.hpp"

namespace integrity::flask {
namespace {

constexpr int kMany = 450;  // more than two writes
constexpr model::ProductText kText{1, [](std::string_view name) { return std::string(name); },
                                   [](const model::Product&) { return std::vector<std::string>(); },
                                   [](const model::Product&) { return std::string(); }};

class Import : public ::testing::Test {
 protected:
  Import() {
    // Each write runs twice; the result must be the same.
    store_ = store::sqlite::open_sqlite(
        {.file = folder_ / "test.db", .clock = &clock_, .text = kText, .run_writes_twice = true});
  }
  ~Import() override { store_.reset(); }

  static Person person(int number) {
    Person out;
    out.user.id.bytes = bytes(number);
    out.user.username = "user-" + std::to_string(number);
    out.user.password_hash = "bytes:x";
    out.user.created_at = from_millis(number);
    if (number % 2 == 0) out.secret = Secret(std::string(20, 's'));
    return out;
  }
  static model::Product product(int number) {
    model::Product out;
    out.id.bytes = bytes(number);
    out.name = "Lamp";
    out.description = "";
    out.price = Money{12'900};
    out.currency = "EUR";
    out.created_at = out.updated_at = from_millis(number / 10);
    return out;
  }
  static Plan plan(int from, int to) {
    Plan out;
    for (int i = from; i < to; ++i) {
      out.people.push_back(person(i));
      out.products.push_back(product(i));
    }
    return out;
  }
  static std::string text_of(const std::vector<Refused>& refused) {
    std::string out;
    for (const auto& each : refused) out += each.name + ": " + each.why + '\n';
    return out;
  }

  test::ManualClock clock_;
  test::SeededRandom random_;
  auth::Vault vault_{Secret(std::string(32, 'k')), random_};
  std::unique_ptr<store::Store> store_;

 private:
  static std::array<std::uint8_t, 12> bytes(int number) {
    return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
  }

  test::TempFolder folder_;
};

TEST_F(Import, LeavesEachAccountReadyForItsNextLogin) {
  const auto done = bring_over(*store_, vault_, plan(0, kMany), clock_.now());
  ASSERT_TRUE(done);
  EXPECT_EQ(done->users, kMany);
  EXPECT_EQ(done->products, kMany);
  EXPECT_TRUE(done->complete());
  const auto tx = store_->read();
  for (int i = 0; i < kMany; ++i) {
    const auto expected = person(i).user;
    const auto user = tx->user_by_name(expected.username);
    ASSERT_TRUE(user);
    EXPECT_EQ(user->id, expected.id);
    EXPECT_EQ(user->created_at, expected.created_at);
    EXPECT_EQ(user->state, model::UserState::active);
    EXPECT_EQ(user->role, model::Role::editor);
    EXPECT_EQ(user->confirmed_at, expected.created_at);
    EXPECT_FALSE(user->pending_until);
    EXPECT_EQ(user->has_factor(), i % 2 == 0);
    EXPECT_EQ(user->enrol_until, i % 2 == 0 ? std::nullopt : std::optional(clock_.now() + enrolment_life));
    if (user->has_factor()) {
      EXPECT_EQ(vault_.decrypt(user->id, user->totp_secret).reveal_text(), std::string(20, 's'));
    }
  }
  EXPECT_EQ(tx->last_change_number(), 2 * kMany) << "one change for each";
}

TEST_F(Import, RecordsItsAttribution) {
  ASSERT_TRUE(bring_over(*store_, vault_, plan(0, 1), clock_.now()));
  const auto tx = store_->read();
  for (const auto& [kind, op] :
       {std::pair(model::RecordKind::user, "user.import"), std::pair(model::RecordKind::product, "product.create")}) {
    const auto changes = tx->changes(kind, RecordId{}, {}, 10);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].op, op);
    EXPECT_EQ(changes[0].revision, 1);
    EXPECT_EQ(changes[0].attribution.proof, model::Attribution::Proof::host);
    EXPECT_EQ(changes[0].attribution.reason, "import from Flask");
  }
}

TEST_F(Import, ContinuesWhereItWasInterrupted) {
  ASSERT_TRUE(bring_over(*store_, vault_, plan(0, 300), clock_.now()));
  const auto done = bring_over(*store_, vault_, plan(0, kMany), clock_.now());
  ASSERT_TRUE(done);
  EXPECT_EQ(done->users_here, 300U);
  EXPECT_EQ(done->products_here, 300U);
  EXPECT_EQ(done->users, kMany - 300U);
  EXPECT_TRUE(done->complete());
}

TEST_F(Import, SaysThatAnAuthenticatorIsNotImportedAnyMore) {
  Plan without = plan(0, 1);
  without.people[0].secret = Secret();
  ASSERT_TRUE(bring_over(*store_, vault_, without, clock_.now()));
  const auto done = bring_over(*store_, vault_, plan(0, 1), clock_.now());
  ASSERT_TRUE(done);
  EXPECT_EQ(text_of(done->refused_users),
            "\"user-0\": is here already, and enrols a new authenticator: the old one is not imported any more\n");
}

// Whatever the imported account's time of creation.
TEST_F(Import, TakesNoNameFromAPendingAccount) {
  model::User waiting;
  waiting.id = UserId::make(clock_.now(), random_);
  waiting.username = "USER-0";
  waiting.password_hash = "bytes:x";
  waiting.version = 0;
  waiting.pending_until = clock_.now() + std::chrono::hours(24);
  ASSERT_TRUE(store_->write([&](store::WriteTx& tx) -> Result<bool> {
    INTEGRITY_CHECK(tx.add_pending_user(waiting));
    return true;
  }));
  Plan late = plan(0, 1);
  late.people[0].user.created_at = *waiting.pending_until + std::chrono::hours(1);
  const auto done = bring_over(*store_, vault_, late, clock_.now());
  ASSERT_TRUE(done);
  EXPECT_EQ(text_of(done->refused_users), "\"user-0\": username is taken here\n");
  EXPECT_TRUE(store_->read()->user(waiting.id));
}

TEST_F(Import, NeverChangesWhatTheStoreHolds) {
  ASSERT_TRUE(bring_over(*store_, vault_, plan(0, 2), clock_.now()));
  Plan other = plan(0, 2);
  other.people[0].user.username = "renamed";
  other.people[1].user.id.bytes[0] = 1;
  other.people[1].user.username = "USER-1";
  other.products[0].stock = 7;
  const auto number = store_->read()->last_change_number();
  const auto done = bring_over(*store_, vault_, other, clock_.now());
  ASSERT_TRUE(done);
  EXPECT_EQ(text_of(done->refused_users),
            "\"renamed\": is here already, as \"user-0\"\n\"USER-1\": username is taken here\n");
  EXPECT_EQ(text_of(done->refused_products), "\"Lamp\": is here already, and differs: \"Lamp\", version 1\n");
  EXPECT_EQ(done->products_here, 1U);
  EXPECT_EQ(store_->read()->last_change_number(), number);
}

}  // namespace
}  // namespace integrity::flask
