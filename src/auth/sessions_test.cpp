// Sessions and their refresh tokens, on the embedded store with a manual clock.
#include <algorithm>
#include <future>
#include <set>

#include "auth/accounts_fixture.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;

struct Fixture : AccountsFixture {
  void restart(AccountRules rules) {
    rules.bcrypt_cost = 4;
    rules.login_rate_limit = rules.signup_rate_limit = {1e6, 1e6};
    accounts.emplace(*store, clock, random, Secret(std::string(32, 'k')), Secret(std::string(32, 's')), rules);
  }
  Fixture() { restart({}); }
  // Ada, signed in; the code of this step is spent.
  Verified begin() {
    const auto verified = verify_code(log_in()->challenge, code());
    EXPECT_TRUE(verified);
    clock.move(30s);
    return *verified;
  }
  Result<Renewed> refresh(const std::string& text, const model::Device& device = {}) {
    const auto token = accounts->sessions.read_refresh_token(text);
    if (!token) return token.error();
    return store->write(accounts->sessions.refresh(*token, device));
  }
  std::string refreshed(const std::string& text) {
    const auto renewed = refresh(text);
    EXPECT_TRUE(renewed);
    return renewed ? renewed->refresh_token : "";
  }
  bool alive(const SessionId& id) const { return store->session(id).has_value(); }
  std::vector<model::Change> changes_of(const SessionId& id) const {
    return store->read()->changes(model::RecordKind::session, record_id(id), {}, 100);
  }
  static constexpr std::string_view kRefused =
      "the token is not accepted, or its session has ended; log in again with POST /login";
};
using ASession = Fixture;

TEST_F(ASession, EndsWithoutARefreshAfterItsIdleTime) {
  enrol();
  const auto begun = begin();
  clock.move(-30s);
  EXPECT_EQ(begun.session.generation, 1);
  EXPECT_EQ(begun.session.expires_at, clock.now() + 30min);
  const auto caller = signed_in(begun);
  clock.move(30min - 1ms);
  EXPECT_TRUE(alive(begun.session.id));
  clock.move(1ms);
  EXPECT_FALSE(alive(begun.session.id));
  EXPECT_EQ(refusal(refresh(begun.refresh_token)), Code::invalid_token);
  EXPECT_EQ(refusal(store->write(origin_of(caller), accounts->own_account.renew_recovery_codes(caller, code()))),
            Code::invalid_token);
}

TEST_F(ASession, LivesOnWithEachRefreshButNotBeyondItsLongestLife) {
  enrol();
  auto token = begin().refresh_token;
  clock.move(-30s);
  const Time begun = clock.now();
  std::optional<Renewed> last;
  for (int i = 0; i < 35; ++i) {
    clock.move(20min);
    const auto renewed = refresh(token);
    ASSERT_TRUE(renewed) << i;
    EXPECT_EQ(renewed->session.refreshed_at, clock.now());
    EXPECT_EQ(renewed->session.expires_at, std::min<Time>(clock.now() + 30min, begun + 12h));
    EXPECT_EQ(renewed->refresh_expires_in, renewed->session.expires_at - clock.now());
    EXPECT_EQ(renewed->session.generation, i + 2);
    EXPECT_EQ(renewed->user.username, "ada");
    token = renewed->refresh_token;
    last = *renewed;
  }
  clock.move(20min - 1s);
  EXPECT_TRUE(alive(last->session.id));
  clock.move(1s);
  EXPECT_FALSE(alive(last->session.id));
  EXPECT_EQ(refusal(refresh(token)), Code::invalid_token);
}

TEST_F(ASession, GivesNoAccessTokenThatOutlivesIt) {
  restart({.session_idle = 24h, .session_max = 15min});
  enrol();
  const auto begun = begin();
  const auto first = claims_of(begun.session, begun.session.created_at, "one");
  EXPECT_EQ(first.expires_at - first.issued_at, 600);
  clock.move(10min);
  const auto renewed = refresh(begun.refresh_token);
  ASSERT_TRUE(renewed);
  const auto second = claims_of(renewed->session, renewed->at, "two");
  EXPECT_EQ(second.expires_at, to_seconds(begun.session.created_at + 15min));
  EXPECT_LT(second.expires_at - second.issued_at, 600);
  EXPECT_EQ(renewed->session.expires_at, begun.session.expires_at);
}

TEST_F(ASession, OfTheClassicKindIsNotRefreshed) {
  restart({.session_max = 10min});
  enrol();
  const auto begun = begin();
  EXPECT_EQ(begun.refresh_token, "");
  EXPECT_EQ(begun.session.generation, 0);
  EXPECT_EQ(begun.session.expires_at, begun.session.created_at + 10min);
  for (const std::int64_t generation : {-1, 0, 1}) {
    const auto made = write_refresh_token(accounts->context.vault.refresh_token_key(), {begun.session.id, generation});
    EXPECT_EQ(refusal(refresh(made)), Code::invalid_token) << generation;
    EXPECT_TRUE(alive(begun.session.id)) << generation;
  }
}

TEST_F(ASession, ByStricterRulesThanAtItsBeginningIsNotRefreshed) {
  enrol();
  const auto begun = begin();
  restart({.session_max = 15min});
  clock.move(20min);
  EXPECT_EQ(refusal(refresh(begun.refresh_token)), Code::invalid_token);
}

using ARefreshToken = Fixture;

TEST_F(ARefreshToken, GetsTheSameSuccessorAgainForTenSeconds) {
  enrol();
  const auto begun = begin();
  const auto first = refresh(begun.refresh_token);
  ASSERT_TRUE(first);
  clock.move(10s);
  const auto again = refresh(begun.refresh_token, {.address = "198.51.100.7"});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->refresh_token, first->refresh_token);
  EXPECT_EQ(again->session, first->session) << "no time moves";
  EXPECT_EQ(again->refresh_expires_in, first->refresh_expires_in - 10s) << "what is left";
  EXPECT_EQ(changes_of(begun.session.id).size(), 1U) << "a refresh is no change in the history";
}

TEST_F(ARefreshToken, SentAgainLaterEndsTheSession) {
  enrol();
  const auto begun = begin();
  const auto successor = refreshed(begun.refresh_token);
  clock.move(10s + 1ms);
  const auto refused = refresh(begun.refresh_token);
  ASSERT_EQ(refusal(refused), Code::invalid_token);
  EXPECT_EQ(refused.error().detail, kRefused);
  EXPECT_EQ(refused.error().cause, "session.reused");
  EXPECT_FALSE(alive(begun.session.id));
  const auto after = refresh(successor);
  EXPECT_EQ(refusal(after), Code::invalid_token) << "the thief's and the owner's";
  EXPECT_EQ(after.error().cause, "") << "the session has ended";
  const auto changes = changes_of(begun.session.id);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].op, "session.end");
  EXPECT_EQ(changes[0].attribution.reason, "session.reused");
  EXPECT_FALSE(changes[0].attribution.actor);
  EXPECT_EQ(changes[0].attribution.proof, model::Attribution::Proof::none);
}

TEST_F(ARefreshToken, WhoseSuccessorWasUsedEndsTheSessionAtOnce) {
  enrol();
  const auto begun = begin();
  const auto second = refreshed(begun.refresh_token);
  refreshed(second);
  EXPECT_EQ(refusal(refresh(begun.refresh_token)), Code::invalid_token);
  EXPECT_FALSE(alive(begun.session.id));
}

TEST_F(ARefreshToken, SurvivesAClockThatGoesBack) {
  enrol();
  const auto begun = begin();
  const auto first = refresh(begun.refresh_token);
  clock.move(-20s);
  const auto again = refresh(begun.refresh_token);
  ASSERT_TRUE(again) << "another node's clock is behind";
  EXPECT_EQ(again->refresh_token, first->refresh_token);
}

TEST_F(ARefreshToken, ThatWasNotGivenYetIsRefusedAndEndsNothing) {
  enrol();
  const auto begun = begin();
  const Secret& key = accounts->context.vault.refresh_token_key();
  for (const RefreshToken& token : {RefreshToken{begun.session.id, 2}, RefreshToken{SessionId{}, 1}}) {
    const auto refused = refresh(write_refresh_token(key, token));
    EXPECT_EQ(refusal(refused), Code::invalid_token);
    EXPECT_EQ(refused.error().detail, kRefused);
  }
  EXPECT_EQ(accounts->sessions.read_refresh_token("junk").error().detail, kRefused);
  const auto may = [&](const RefreshToken& token) { return accounts->sessions.may_refresh(*store->read(), token); };
  EXPECT_EQ(refusal(may({begun.session.id, 2})), Code::invalid_token) << "by a read";
  EXPECT_EQ(refusal(may({SessionId{}, 1})), Code::invalid_token);
  EXPECT_TRUE(may({begun.session.id, 1}));
  EXPECT_TRUE(refresh(begun.refresh_token));
}

TEST_F(ARefreshToken, EndsWithALogoutAndWithItsAccount) {
  enrol();
  const auto begun = begin();
  ASSERT_TRUE(store->write(accounts->sessions.log_out(signed_in(begun))));
  EXPECT_EQ(refusal(refresh(begun.refresh_token)), Code::invalid_token);
  const auto other = begin();
  ASSERT_TRUE(accounts->host.disable("ada"));
  EXPECT_EQ(refusal(refresh(other.refresh_token)), Code::invalid_token);
  ASSERT_TRUE(accounts->host.enable("ada"));
  EXPECT_EQ(refusal(refresh(other.refresh_token)), Code::invalid_token);
}

TEST_F(ARefreshToken, IsOfNoUseAsAnAccessTokenOrWithAnotherKey) {
  enrol();
  const auto begun = begin();
  EXPECT_FALSE(authenticator->authenticate(begun.refresh_token, [] { return std::string(); }));
  accounts.emplace(*store, clock, random, random.secret(32), random.secret(32), AccountRules{.bcrypt_cost = 4});
  EXPECT_EQ(refusal(refresh(begun.refresh_token)), Code::invalid_token) << "whoever has only the database";
}

TEST_F(ARefreshToken, RemembersWhereItWasUsedLast) {
  enrol();
  const auto verified = store->write(accounts->sign_in.verify(log_in()->challenge, {}, {.code = code()},
                                                              {.address = "192.0.2.1", .user_agent = "one"}));
  ASSERT_TRUE(verified);
  const auto device = [&] { return accounts->sessions.list(*store->read(), verified->user.id).at(0).device; };
  EXPECT_EQ(device(), (model::Device{"192.0.2.1", "one"}));
  ASSERT_TRUE(refresh(verified->refresh_token, {.address = "198.51.100.7", .user_agent = "two"}));
  EXPECT_EQ(device(), (model::Device{"198.51.100.7", "two"}));
  ASSERT_TRUE(refresh(verified->refresh_token, {.address = "203.0.113.9"}));
  EXPECT_EQ(device(), (model::Device{"198.51.100.7", "two"})) << "the same successor again moves nothing";
}

// Tabs that are restored together.
TEST_F(ARefreshToken, ThatTwentySendAtOnceHasOneSuccessor) {
  enrol();
  for (int round = 0; round < 20; ++round) {
    const auto begun = verify(log_in()->challenge, {.code = code()});
    ASSERT_TRUE(begun);
    clock.move(30s);
    std::vector<std::future<Result<Renewed>>> sent;
    for (int i = 0; i < 20; ++i) {
      sent.push_back(std::async(std::launch::async, [&] { return refresh(begun->refresh_token); }));
    }
    std::set<std::string> successors;
    for (auto& each : sent) {
      const auto renewed = each.get();
      ASSERT_TRUE(renewed);
      EXPECT_EQ(renewed->session.generation, 2);
      successors.insert(renewed->refresh_token);
    }
    EXPECT_EQ(successors.size(), 1U);
  }
}

// Some come too late, some send the successor: whatever the order, there are never two living successors.
TEST_F(ARefreshToken, ThatManyUseInAnyOrderNeverHasTwoLivingSuccessors) {
  enrol();
  for (int round = 0; round < 20; ++round) {
    const auto begun = verify(log_in()->challenge, {.code = code()});
    ASSERT_TRUE(begun);
    clock.move(30s);
    std::vector<std::future<std::string>> sent;
    for (int i = 0; i < 10; ++i) {
      sent.push_back(std::async(std::launch::async, [&] {
        const auto renewed = refresh(begun->refresh_token);
        if (!renewed) return std::string();
        const auto next = refresh(renewed->refresh_token);
        return next ? next->refresh_token : std::string();
      }));
    }
    std::set<std::string> successors;
    for (auto& each : sent) successors.insert(each.get());
    successors.erase("");
    std::size_t living = 0;
    for (const auto& each : successors) living += refresh(each) ? 1U : 0U;
    EXPECT_LE(living, 1U);
  }
}

TEST_F(ASession, BeyondAHundredEndsTheOneUnusedForLongest) {
  enrol();  // its session is the oldest
  const auto ada = *store->read()->user_by_name("ada");
  const auto start = [&] {
    clock.move(1s);
    return *store->write([&, id = SessionId::make(clock.now(), random)](store::WriteTx& tx) -> Result<model::Session> {
      return start_session(accounts->context, tx, id, ada, model::SecondFactor::otp, {}, clock.now());
    });
  };
  const auto living = [&] { return accounts->sessions.list(*store->read(), ada.id); };
  std::vector<model::Session> begun;
  for (std::size_t i = 1; i < sessions_max; ++i) begun.push_back(start());
  ASSERT_EQ(living().size(), sessions_max);
  const auto oldest = living().back().session.id;
  refreshed(refresh_token_of(accounts->context, begun[0]));
  start();
  EXPECT_EQ(living().size(), sessions_max);
  EXPECT_FALSE(alive(oldest));
  start();
  EXPECT_EQ(living().size(), sessions_max);
  EXPECT_TRUE(alive(begun[0].id)) << "was refreshed";
  EXPECT_FALSE(alive(begun[1].id));
  EXPECT_TRUE(alive(begun[2].id));
  clock.move(30min);
  start();
  EXPECT_EQ(living().size(), 1U) << "expired ones do not count";
}

TEST_F(ASession, IsListedWhileItLives) {
  restart({.session_idle = 30min, .session_max = 40min});
  enrol();
  const auto first = begin(), second = begin();
  const auto user = first.user.id;
  const auto ids = [&] {
    std::vector<SessionId> out;
    for (const auto& each : accounts->sessions.list(*store->read(), user)) out.push_back(each.session.id);
    return out;
  };
  // The session of the enrolment is the oldest.
  ASSERT_EQ(ids().size(), 3U);
  EXPECT_EQ(ids()[0], second.session.id) << "newest first";
  EXPECT_EQ(ids()[1], first.session.id);
  clock.move(28min);
  const auto token = refreshed(second.refresh_token);
  clock.move(2min);
  EXPECT_EQ(ids(), std::vector<SessionId>{second.session.id});
  clock.move(10min);
  EXPECT_TRUE(ids().empty());
}

TEST_F(ASession, EndsByItsIdForItsOwnerOnly) {
  enrol();
  const auto here = begin(), there = begin();
  const auto caller = signed_in(here);
  ASSERT_TRUE(store->write(accounts->sessions.end(caller, there.session.id)));
  EXPECT_FALSE(alive(there.session.id));
  EXPECT_TRUE(alive(here.session.id));
  EXPECT_EQ(refusal(store->write(accounts->sessions.end(caller, there.session.id))), Code::not_found);
  EXPECT_EQ(refusal(store->write(accounts->sessions.end(caller, SessionId{}))), Code::not_found);

  const auto bobs = accounts->sign_in.sign_up("bob", {}, password(), {}, home);
  const auto tx = store->read();
  const auto enrolment = accounts->sign_in.enrolment(*accounts->sign_in.first_step_done(*tx, bobs->challenge, "bob"));
  const auto bob = verify_code(bobs->challenge, totp(*test::from_base32(enrolment->secret_base32), clock.now()));
  ASSERT_TRUE(bob);
  EXPECT_EQ(refusal(store->write(accounts->sessions.end(caller, bob->session.id))), Code::not_found);
  EXPECT_TRUE(alive(bob->session.id));
  ASSERT_TRUE(store->write(accounts->sessions.end(caller, here.session.id))) << "also one's own";
  EXPECT_FALSE(alive(here.session.id));
}

TEST_F(ASession, CanEndAllOthers) {
  enrol();
  const auto here = begin(), there = begin();
  ASSERT_TRUE(store->write(accounts->sessions.end_others(signed_in(here))));
  EXPECT_TRUE(alive(here.session.id));
  EXPECT_FALSE(alive(there.session.id));
  EXPECT_EQ(accounts->sessions.list(*store->read(), here.user.id).size(), 1U);
}

using FreshProof = Fixture;

TEST_F(FreshProof, IsOfTheSecondFactorAndLastsFiveMinutes) {
  enrol();
  const auto begun = begin();
  clock.move(-30s);
  const auto caller = signed_in(begun);
  EXPECT_EQ(caller.proven_until(), clock.now() + 5min);
  clock.move(5min - 1ms);
  EXPECT_TRUE(caller.freshly_proven(clock.now()));
  clock.move(1ms);
  EXPECT_FALSE(caller.freshly_proven(clock.now()));
  clock.move(-10min);
  EXPECT_FALSE(caller.freshly_proven(clock.now())) << "of a clock that was ahead";
}

TEST_F(FreshProof, IsGivenByACodeOrARecoveryCodeAndByNothingElse) {
  enrol();
  auto begun = begin();
  clock.move(10min);
  const auto renewed = refresh(begun.refresh_token);
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->session.proven_at, begun.session.proven_at) << "not by a refresh";
  const auto caller = signed_in(begun);
  EXPECT_FALSE(caller.freshly_proven(clock.now()));
  ASSERT_TRUE(store->write(origin_of(caller), accounts->own_account.renew_recovery_codes(caller, code())));
  EXPECT_FALSE(signed_in(begun).freshly_proven(clock.now())) << "not by a code for something else";

  clock.move(30s);
  const auto prove = [&](Proof proof) { return store->write(accounts->sessions.prove(caller, std::move(proof))); };
  EXPECT_EQ(refusal(prove({.code = wrong_code()})), Code::invalid_code);
  EXPECT_EQ(store->read()->factor_counters(begun.user.id).failures, 1) << "on the counter of all codes";
  const auto until = prove({.code = code()});
  ASSERT_TRUE(until);
  EXPECT_EQ(*until, clock.now() + 5min);
  EXPECT_TRUE(signed_in(begun).freshly_proven(clock.now()));
  EXPECT_EQ(signed_in(begun).proven_until(), *until);
  EXPECT_EQ(refusal(prove({.code = code()})), Code::code_already_used);
  EXPECT_EQ(store->session(begun.session.id)->generation, 2) << "the refresh token stays good";
}

TEST_F(FreshProof, OfARecoveryCodeCountsToo) {
  enrol();
  const auto begun = begin();
  clock.move(6min);
  const auto caller = signed_in(begun);
  const Proof proof{.recovery_code = parse_recovery_code(recovery_codes[0])};
  ASSERT_TRUE(accounts->sessions.may_prove(*store->read(), caller, proof));
  ASSERT_TRUE(store->write(accounts->sessions.prove(caller, proof)));
  EXPECT_TRUE(signed_in(begun).freshly_proven(clock.now()));
  EXPECT_EQ(refusal(store->write(accounts->sessions.prove(caller, proof))), Code::invalid_code) << "once";
}

TEST_F(FreshProof, CannotBeGuessed) {
  enrol();
  const auto begun = begin();
  const auto caller = signed_in(begun);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(refusal(store->write(accounts->sessions.prove(caller, {.code = wrong_code()}))), Code::invalid_code);
  }
  EXPECT_EQ(refusal(accounts->sessions.may_prove(*store->read(), caller, {.code = code()})), Code::too_many_attempts);
  EXPECT_EQ(refusal(store->write(accounts->sessions.prove(caller, {.code = code()}))), Code::too_many_attempts);
}

TEST_F(FreshProof, NeedsALivingSession) {
  enrol();
  const auto begun = begin();
  const auto caller = signed_in(begun);
  ASSERT_TRUE(store->write(accounts->sessions.log_out(caller)));
  EXPECT_EQ(refusal(store->write(accounts->sessions.prove(caller, {.code = code()}))), Code::invalid_token);
  EXPECT_TRUE(verify_code(log_in()->challenge, code())) << "the code was not spent";
}

}  // namespace
}  // namespace integrity::auth
