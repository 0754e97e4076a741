// Keys for programs: making, using and revoking them.
#include "auth/api_keys.hpp"

#include <future>

#include "auth/accounts_fixture.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;
using model::Role, model::Scope, model::Scopes;

struct Fixture : AccountsFixture {
  Fixture() { restart(true); }
  void restart(bool on) {
    authenticator.reset();
    AccountRules rules{.bcrypt_cost = 4, .api_keys = on};
    rules.login_rate_limit = rules.signup_rate_limit = {1e6, 1e6};
    accounts.emplace(*store, clock, random, Secret(std::string(32, 'k')), Secret(std::string(32, 's')), rules);
    authenticator.emplace(*store, tokens, clock, &accounts->api_keys);
  }
  void begin() {
    enrol();
    owner.emplace(sign_in());
  }
  Result<ApiKeys::Made> make(NewKey key) { return store->write(accounts->api_keys.create(*owner, std::move(key))); }
  ApiKeys::Made made(NewKey key = {.name = "shop", .scopes = {Scope::products_read, Scope::stock_write}}) {
    auto done = make(std::move(key));
    EXPECT_TRUE(done);
    return done ? *done : ApiKeys::Made{};
  }
  tl::expected<Principal, TokenFault> use(std::string_view text, const std::string& address = "192.0.2.7") {
    return authenticator->authenticate(text, [&] {
      ++addresses_asked;
      return address;
    });
  }
  std::optional<TokenFault> fault(std::string_view text, const std::string& address = "192.0.2.7") {
    const auto caller = use(text, address);
    if (caller) return {};
    return caller.error();
  }
  Result<Done> revoke(const ApiKeyId& id) {
    return store->write(accounts->api_keys.revoke(owner->attribution(), owner->user(), id));
  }
  std::vector<model::ApiKey> list() { return accounts->api_keys.list(*store->read(), owner->user()); }

  std::optional<SignedIn> owner;
  int addresses_asked = 0;
};
using AKey = Fixture;

TEST_F(AKey, MayDoWhatItsScopesAndItsOwnersRoleBothAllow) {
  begin();
  const auto key = made();
  EXPECT_TRUE(is_key_text(key.text));
  EXPECT_EQ(key.key.expires_at, clock.now() + 90 * 24h);
  const auto caller = use(key.text);
  ASSERT_TRUE(caller);
  ASSERT_NE(caller->key(), nullptr);
  EXPECT_EQ(caller->key()->id, key.key.id);
  EXPECT_EQ(caller->session(), nullptr);
  EXPECT_FALSE(caller->signed_in());
  EXPECT_EQ(caller->user(), owner->user());
  EXPECT_EQ(caller->role(), Role::editor);
  EXPECT_EQ(caller->scopes(), (Scopes{Scope::products_read, Scope::stock_write}));
  EXPECT_EQ(caller->attribution().actor, owner->user());
  EXPECT_EQ(caller->attribution().key, key.key.id);
  EXPECT_EQ(caller->attribution().proof, model::Attribution::Proof::key);
  ASSERT_TRUE(accounts->host.set_role("ada", Role::viewer));
  EXPECT_EQ(use(key.text)->scopes(), Scopes{Scope::products_read}) << "the owner was demoted";
  ASSERT_TRUE(accounts->host.set_role("ada", Role::auditor));
  EXPECT_EQ(use(key.text)->scopes(), Scopes{Scope::products_read}) << "no more than its own";
  ASSERT_TRUE(accounts->host.set_role("ada", Role::clerk));
  EXPECT_EQ(use(key.text)->scopes(), (Scopes{Scope::products_read, Scope::stock_write}));
}

TEST_F(AKey, IsUselessWhileItsOwnerIsDisabled) {
  begin();
  const auto key = made();
  ASSERT_TRUE(accounts->host.disable("ada"));
  EXPECT_EQ(fault(key.text), TokenFault::key_not_accepted);
  ASSERT_TRUE(accounts->host.enable("ada"));
  EXPECT_FALSE(fault(key.text));
}

TEST_F(AKey, IsRefusedAlikeWhateverIsWrongWithIt) {
  begin();
  auto mistyped = made().text;
  mistyped.back() = mistyped.back() == '0' ? '1' : '0';
  const auto revoked = made(), expired = made({.name = "old", .scopes = {Scope::products_read}, .expires_in = 60s});
  ASSERT_TRUE(revoke(revoked.key.id));
  clock.move(60s);
  for (const std::string& text : {mistyped, make_key_text(random), revoked.text, expired.text, std::string("dik_"),
                                  std::string("dik_a.b.c"), revoked.text + "0"}) {
    EXPECT_EQ(fault(text), TokenFault::key_not_accepted) << text;
  }
  EXPECT_EQ(fault(" " + made().text), TokenFault::malformed);
}

// A store that must not be asked.
class NoStore final : public store::Store {
 public:
  std::optional<model::Session> session(const SessionId&) override { throw std::logic_error("asked"); }
  std::shared_ptr<const model::ApiKey> api_key(const model::Digest&) override { throw std::logic_error("asked"); }
  std::unique_ptr<store::ReadTx> read() override { throw std::logic_error("asked"); }
  void submit(std::unique_ptr<store::Job>) override { throw std::logic_error("asked"); }
};

TEST_F(AKey, ThatIsMistypedOrOffIsRefusedWithoutALookIntoTheStore) {
  begin();
  const auto key = made();
  NoStore none;
  Authenticator blind(none, tokens, clock, &accounts->api_keys);
  const auto ask = [&](Authenticator& at, std::string_view text) {
    return at.authenticate(text, [] { return std::string(); }).error();
  };
  auto mistyped = key.text;
  mistyped.back() = mistyped.back() == '0' ? '1' : '0';
  EXPECT_EQ(ask(blind, mistyped), TokenFault::key_not_accepted);
  EXPECT_THROW(ask(blind, key.text), std::logic_error);
  Authenticator without(none, tokens, clock);
  EXPECT_EQ(ask(without, key.text), TokenFault::keys_off);
  EXPECT_EQ(ask(without, mistyped), TokenFault::keys_off);
}

TEST_F(AKey, IsRefusedWhereKeysAreOff) {
  begin();
  const auto key = made();
  restart(false);
  EXPECT_EQ(fault(key.text), TokenFault::keys_off);
  const auto error = auth::refusal(TokenFault::keys_off);
  EXPECT_EQ(error.code, Code::invalid_token);
  EXPECT_NE(error.detail.find("--api-keys"), std::string::npos);
  EXPECT_EQ(refusal(accounts->api_keys.expect_on()), Code::forbidden);
  EXPECT_EQ(refusal(accounts->host.add_key("ada", "shop", {Scope::products_read})), Code::forbidden);
  restart(true);
  EXPECT_FALSE(fault(key.text));
}

TEST_F(AKey, WorksFromItsNetworksOnly) {
  begin();
  const auto anywhere = made();
  const auto bound =
      made({.name = "bound", .scopes = {Scope::products_read}, .addresses = {"198.51.100.0/24", "2001:db8::/32"}});
  EXPECT_FALSE(fault(anywhere.text));
  EXPECT_EQ(addresses_asked, 0) << "only where it matters";
  EXPECT_FALSE(fault(bound.text, "198.51.100.9"));
  EXPECT_FALSE(fault(bound.text, "2001:db8:1::9"));
  EXPECT_EQ(fault(bound.text, "192.0.2.7"), TokenFault::key_not_accepted);
  EXPECT_EQ(fault(bound.text, "2001:db9::1"), TokenFault::key_not_accepted);
}

TEST_F(AKey, IsMadeOnlyAsTheRulesAllow) {
  begin();
  const auto where = [&](NewKey key) -> std::string {
    const auto refused = make(std::move(key));
    if (refused || refused.error().code != Code::invalid_value) return "";
    return refused.error().fields.at(0).where;
  };
  const Scopes read{Scope::products_read};
  EXPECT_EQ(where({.name = "k", .scopes = {}}), "#/scopes");
  EXPECT_EQ(where({.name = "k", .scopes = {Scope::accounts_write}}), "#/scopes");
  EXPECT_EQ(where({.name = "k", .scopes = {Scope::products_read, Scope::changes_read}}), "#/scopes")
      << "an editor has no changes:read";
  EXPECT_EQ(where({.name = "k", .scopes = read, .expires_in = 0s}), "#/expires_in");
  EXPECT_EQ(where({.name = "k", .scopes = read, .expires_in = 366 * 24h + 1s}), "#/expires_in");
  EXPECT_EQ(where({.name = "k", .scopes = read, .expires_in = std::chrono::seconds::max()}), "#/expires_in");
  EXPECT_EQ(where({.name = "k", .scopes = read, .addresses = {"192.0.2.0/24", "192.0.2.7/24"}}), "#/addresses/1");
  EXPECT_EQ(where({.name = "k", .scopes = read, .addresses = std::vector<std::string>(21, "192.0.2.0/24")}),
            "#/addresses");
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(made({.name = "k", .scopes = read, .expires_in = 366 * 24h}).key.expires_at, clock.now() + 366 * 24h);
  const auto forever = made({.name = "k", .scopes = read, .expires_in = std::optional<std::chrono::seconds>()});
  EXPECT_FALSE(forever.key.expires_at);
  clock.move(1000 * 24h);
  EXPECT_FALSE(fault(forever.text));
  ASSERT_TRUE(accounts->host.set_role("ada", Role::admin));
  EXPECT_EQ(where({.name = "k", .scopes = {Scope::accounts_write}}), "#/scopes") << "no key can have it";
}

TEST_F(AKey, IsOneOfFiftyAtMost) {
  begin();
  const NewKey any{.name = "k", .scopes = {Scope::products_read}};
  const auto first = made({.name = "short", .scopes = any.scopes, .expires_in = 60s});
  const auto second = made(any);
  for (std::size_t i = 2; i < api_keys_max; ++i) made(any);
  EXPECT_EQ(refusal(make(any)), Code::limit_reached);
  ASSERT_TRUE(revoke(second.key.id));
  EXPECT_TRUE(make(any)) << "revoked ones do not count";
  EXPECT_EQ(refusal(make(any)), Code::limit_reached);
  clock.move(60s);
  EXPECT_TRUE(make(any)) << "nor do expired ones";
}

TEST_F(AKey, IsListedWhileItCanBeUsedNewestFirst) {
  begin();
  const auto first = made({.name = "one", .scopes = {Scope::products_read}, .expires_in = 60s});
  clock.move(1s);
  const auto second = made(), third = made();
  ASSERT_TRUE(revoke(third.key.id));
  ASSERT_EQ(list().size(), 2U);
  EXPECT_EQ(list()[0].id, second.key.id);
  EXPECT_EQ(list()[1].id, first.key.id);
  clock.move(60s);
  EXPECT_EQ(list().size(), 1U);
}

TEST_F(AKey, IsRevokedOnceAndByItsOwnerOnly) {
  begin();
  const auto key = made();
  EXPECT_EQ(refusal(store->write(accounts->api_keys.revoke(owner->attribution(), UserId{}, key.key.id))),
            Code::not_found);
  EXPECT_FALSE(fault(key.text));
  ASSERT_TRUE(revoke(key.key.id));
  EXPECT_EQ(fault(key.text), TokenFault::key_not_accepted);
  EXPECT_EQ(refusal(revoke(key.key.id)), Code::not_found);
  EXPECT_EQ(refusal(revoke(ApiKeyId{})), Code::not_found);
  const auto changes = store->read()->changes(model::RecordKind::key, record_id(key.key.id), {}, 10);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].op, "key.revoke");
  EXPECT_EQ(changes[1].op, "key.create");
  EXPECT_EQ(changes[1].attribution.actor, owner->user());
  EXPECT_EQ(changes[1].account, owner->user());
}

TEST_F(AKey, OfTheHostHasNoActor) {
  begin();
  const auto key = accounts->host.add_key("ADA", "shop", {Scope::products_read}, std::optional<std::chrono::seconds>());
  ASSERT_TRUE(key);
  EXPECT_FALSE(fault(key->text));
  const auto change = store->read()->changes(model::RecordKind::key, record_id(key->key.id), {}, 1).at(0);
  EXPECT_FALSE(change.attribution.actor);
  EXPECT_EQ(change.attribution.proof, model::Attribution::Proof::host);
  EXPECT_EQ(refusal(accounts->host.add_key("nobody", "shop", {Scope::products_read})), Code::not_found);
  ASSERT_TRUE(accounts->host.add_user("bob", password()));
  EXPECT_EQ(refusal(accounts->host.add_key("bob", "shop", {Scope::products_read})), Code::invalid_value) << "pending";
  EXPECT_TRUE(accounts->host.revoke_key(key->key.id));
  EXPECT_EQ(fault(key->text), TokenFault::key_not_accepted);
  EXPECT_EQ(refusal(accounts->host.revoke_key(key->key.id)), Code::not_found);
  EXPECT_EQ(refusal(accounts->host.revoke_key(ApiKeyId{})), Code::not_found);
}

TEST_F(AKey, IsRememberedAsUsedAndStoredEveryFiveMinutes) {
  begin();
  const auto key = made();
  const auto stored = [&] { return store->read()->api_key(key.key.id)->last_used_at; };
  const auto shown = [&] { return list().at(0).last_used_at; };
  EXPECT_FALSE(shown());
  clock.move(1min);
  const Time used = clock.now();
  ASSERT_FALSE(fault(key.text));
  EXPECT_EQ(shown(), used);
  EXPECT_FALSE(stored()) << "no write";
  accounts->api_keys.flush(true);
  EXPECT_EQ(stored(), used);
  clock.move(1min);
  ASSERT_FALSE(fault(key.text));
  accounts->sweep();
  EXPECT_EQ(stored(), used) << "not yet";
  EXPECT_EQ(shown(), used + 1min);
  clock.move(4min);
  const auto changes = store->read()->last_change_number();
  accounts->sweep();
  EXPECT_EQ(stored(), used + 1min);
  EXPECT_EQ(store->read()->last_change_number(), changes) << "a use is no change";
  EXPECT_EQ(shown(), used + 1min);
  restart(true);
  EXPECT_EQ(shown(), used + 1min);
}

TEST_F(AKey, ThatIsRefusedWasNotUsed) {
  begin();
  const auto bound = made({.name = "k", .scopes = {Scope::products_read}, .addresses = {"198.51.100.0/24"}});
  EXPECT_TRUE(fault(bound.text));
  EXPECT_FALSE(list().at(0).last_used_at);
}

TEST_F(AKey, IsUsedByManyAtOnce) {
  begin();
  const auto key = made();
  std::vector<std::future<bool>> sent;
  for (int i = 0; i < 8; ++i) {
    sent.push_back(std::async(std::launch::async, [&] {
      for (int k = 0; k < 200; ++k) {
        if (fault(key.text)) return false;
        if (k % 50 == 0) accounts->api_keys.used(ApiKeyId::make(clock.now(), random), clock.now());
      }
      return true;
    }));
  }
  accounts->api_keys.flush(true);
  for (auto& each : sent) EXPECT_TRUE(each.get());
  accounts->api_keys.flush(true);
  EXPECT_EQ(list().at(0).last_used_at, clock.now());
}

}  // namespace
}  // namespace integrity::auth
