// What an admin does to other people's accounts, on the embedded store with a manual clock.
#include "auth/administration.hpp"

#include <future>
#include <map>

#include "auth/accounts_fixture.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;
using model::Role;
using model::UserState;

// Ada is admin and signed in; bob is an editor with an authenticator of his own.
struct Fixture : AccountsFixture {
  void begin() {
    enrol();
    ASSERT_TRUE(accounts->host.set_role("ada", Role::admin));
    admin.emplace(sign_in());
    bob = add("bob");
  }
  UserId add(const std::string& name) {
    const auto added = accounts->host.add_user(name, password());
    EXPECT_TRUE(added);
    secrets[name] = *test::from_base32(added->enrolment.secret_base32);
    EXPECT_TRUE(accounts->host.confirm(added->challenge, totp(secrets[name], clock.now())));
    clock.move(30s);
    return store->read()->user_by_name(name)->id;
  }
  Result<FirstStep> first_step(const std::string& name) { return accounts->sign_in.log_in(name, password(), home); }
  Result<Verified> session_of(const std::string& name) {
    const auto step = first_step(name);
    if (!step) return step.error();
    auto verified = verify_code(step->challenge, totp(secrets[name], clock.now()));
    clock.move(30s);
    return verified;
  }
  Result<model::User> change(const UserId& id, const AccountChange& what, Administration::Expected expected = {}) {
    return store->write(accounts->administration.change(*admin, id, what, std::move(expected)));
  }
  Result<ResetDone> reset(const UserId& id, bool factor, bool with_password) {
    return store->write(accounts->administration.reset(*admin, id, factor, with_password));
  }
  Status set_password(const std::string& name, const std::string& token, std::string_view to = kNew) {
    return accounts->sign_in.reset_password(name, token, password(to), home);
  }
  std::vector<std::string> ops(const UserId& id) const {
    std::vector<std::string> out;
    for (const auto& each : store->read()->changes(model::RecordKind::user, record_id(id), {}, 100))
      out.push_back(each.op);
    return out;
  }
  std::string wrong_code_of(const std::string& name) {
    for (int i = 0;; ++i) {
      std::string guess = std::to_string(100000 + i);
      if (match_totp(secrets[name], guess, clock.now()).kind == TotpMatch::Kind::none) return guess;
    }
  }
  model::User user(const UserId& id) const { return *store->read()->user(id); }

  static constexpr std::string_view kNew = "another horse battery";
  std::optional<SignedIn> admin;
  UserId bob;
  std::map<std::string, Bytes> secrets;
};
using AnAdmin = Fixture;

TEST_F(AnAdmin, ChangesNameAndRoleAndState) {
  begin();
  const auto before = user(bob);
  const auto after = change(bob, {.name = "Bob", .role = Role::auditor});
  ASSERT_TRUE(after);
  EXPECT_EQ(after->name, "Bob");
  EXPECT_EQ(user(bob).role, Role::auditor);
  EXPECT_EQ(user(bob).public_version, before.public_version + 1);
  EXPECT_EQ(ops(bob).front(), "user.role");
  const auto changes = store->read()->changes(model::RecordKind::user, record_id(bob), {}, 1);
  EXPECT_EQ(changes.at(0).attribution.actor, admin->user());
  ASSERT_TRUE(change(bob, {.name = std::optional<std::string>()}));
  EXPECT_FALSE(user(bob).name);
  EXPECT_EQ(ops(bob).front(), "user.update");
  ASSERT_TRUE(change(bob, {.state = UserState::disabled}));
  EXPECT_EQ(ops(bob).front(), "user.disable");
  EXPECT_EQ(refusal(first_step("bob")), Code::invalid_credentials);
  ASSERT_TRUE(change(bob, {.state = UserState::active}));
  EXPECT_EQ(ops(bob).front(), "user.enable");
  EXPECT_TRUE(session_of("bob"));
}

TEST_F(AnAdmin, ChangesNothingWhereNothingDiffers) {
  begin();
  const auto before = user(bob);
  const auto session = session_of("bob")->session.id;
  const auto number = store->read()->last_change_number();
  const auto after = change(bob, {.name = before.name, .role = before.role, .state = before.state});
  ASSERT_TRUE(after);
  EXPECT_EQ(after->public_version, before.public_version);
  EXPECT_EQ(store->read()->last_change_number(), number);
  EXPECT_TRUE(store->session(session));
}

TEST_F(AnAdmin, IsAskedForTheVersionFirst) {
  begin();
  const auto stale = [](const model::User&) -> Status { return Error{Code::precondition_failed}; };
  EXPECT_EQ(refusal(change(bob, {.state = UserState::pending}, stale)), Code::precondition_failed);
  EXPECT_EQ(refusal(change(admin->user(), {.role = Role::viewer}, stale)), Code::precondition_failed);
  EXPECT_EQ(refusal(change(UserId{}, {.role = Role::viewer}, stale)), Code::not_found);
  std::int64_t seen = 0;
  ASSERT_TRUE(change(bob, {.role = Role::clerk}, [&](const model::User& before) -> Status {
    seen = before.public_version;
    return {};
  }));
  EXPECT_EQ(seen, user(bob).public_version - 1);
}

TEST_F(AnAdmin, DecidesWhatTheNextRequestMayDo) {
  begin();
  const auto verified = session_of("bob");
  ASSERT_TRUE(verified);
  EXPECT_TRUE(signed_in(*verified).scopes().has(model::Scope::products_write));
  ASSERT_TRUE(change(bob, {.role = Role::viewer}));
  EXPECT_EQ(signed_in(*verified).role(), Role::viewer);
  EXPECT_EQ(signed_in(*verified).scopes(), model::Scopes{model::Scope::products_read});
  ASSERT_TRUE(change(bob, {.state = UserState::disabled}));
  EXPECT_FALSE(store->session(verified->session.id));
}

TEST_F(AnAdmin, CannotActivateAPendingAccount) {
  begin();
  ASSERT_TRUE(accounts->sign_in.sign_up("cyd", {}, password(), {}, home));
  const auto cyd = store->read()->user_by_name("cyd")->id;
  const auto refused = change(cyd, {.state = UserState::active});
  ASSERT_EQ(refusal(refused), Code::invalid_value);
  EXPECT_EQ(refused.error().fields.at(0).where, "#/state");
  EXPECT_EQ(refusal(change(bob, {.state = UserState::pending})), Code::invalid_value);
  ASSERT_TRUE(change(cyd, {.name = "Cyd", .role = Role::clerk, .state = UserState::pending})) << "what GET gave";
  EXPECT_TRUE(ops(cyd).empty()) << "it has no history yet";
  EXPECT_EQ(user(cyd).public_version, 2);
  const auto step = first_step("cyd");
  const auto tx = store->read();
  const auto enrolment = accounts->sign_in.enrolment(*accounts->sign_in.first_step_done(*tx, step->challenge, "cyd"));
  ASSERT_TRUE(verify_code(step->challenge, totp(*test::from_base32(enrolment->secret_base32), clock.now())));
  EXPECT_EQ(user(cyd).role, Role::clerk) << "set before the confirmation";
}

TEST_F(AnAdmin, IsNeverTheLastToLeave) {
  begin();
  const auto ada = admin->user();
  for (const AccountChange& what : {AccountChange{.role = Role::editor}, AccountChange{.state = UserState::disabled}}) {
    EXPECT_EQ(refusal(change(ada, what)), Code::last_admin);
  }
  EXPECT_EQ(refusal(accounts->host.disable("ada")), Code::last_admin);
  EXPECT_EQ(refusal(accounts->host.set_role("ada", Role::viewer)), Code::last_admin);
  ASSERT_TRUE(accounts->host.add_user("cyd", password(), Role::admin)) << "pending: is no admin yet";
  EXPECT_EQ(refusal(change(ada, {.role = Role::editor})), Code::last_admin);
  ASSERT_TRUE(change(bob, {.role = Role::admin}));
  ASSERT_TRUE(change(ada, {.role = Role::editor}));
  EXPECT_EQ(refusal(accounts->host.disable("bob")), Code::last_admin);
  EXPECT_TRUE(accounts->host.reset_factor("bob")) << "a reset is allowed";
  EXPECT_EQ(store->read()->active_admins(), 1U);
}

TEST_F(AnAdmin, AndAnotherWhoDemoteEachOtherAtOnceLeaveOne) {
  begin();
  ASSERT_TRUE(change(bob, {.role = Role::admin}));
  const auto other = signed_in(*session_of("bob"));
  for (int round = 0; round < 50; ++round) {
    auto one = std::async(std::launch::async, [&] { return change(bob, {.role = Role::viewer}).has_value(); });
    const auto demoted =
        store->write(accounts->administration.change(other, admin->user(), {.role = Role::viewer}, {}));
    const bool first = one.get();
    ASSERT_NE(first, demoted.has_value());
    ASSERT_EQ(store->read()->active_admins(), 1U);
    ASSERT_TRUE(accounts->host.set_role("ada", Role::admin));
    ASSERT_TRUE(accounts->host.set_role("bob", Role::admin));
  }
}

using AReset = Fixture;

TEST_F(AReset, OfTheFactorOpensEnrolmentForADay) {
  begin();
  const auto session = session_of("bob")->session.id;
  const auto done = reset(bob, true, false);
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->reset_token);
  EXPECT_EQ(done->expires_at, clock.now() + 24h);
  EXPECT_FALSE(store->session(session));
  EXPECT_EQ(store->read()->recovery_codes_left(bob), 0);
  EXPECT_EQ(ops(bob).front(), "user.factor_reset");
  const auto shown = user(bob).reset;
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->by, admin->user());
  EXPECT_TRUE(shown->factor);
  EXPECT_FALSE(shown->password);
  EXPECT_EQ(first_step("bob")->next, model::Challenge::Next::enrol);
  clock.move(24h);
  EXPECT_EQ(refusal(first_step("bob")), Code::enrolment_required);
}

TEST_F(AReset, OfThePasswordGivesATokenForOneNewPassword) {
  begin();
  const auto challenge = first_step("bob")->challenge;
  const auto session = session_of("bob")->session.id;
  const auto done = reset(bob, false, true);
  ASSERT_TRUE(done);
  ASSERT_TRUE(done->reset_token);
  EXPECT_EQ(from_base64url(*done->reset_token)->size(), 20U);
  EXPECT_EQ(ops(bob).front(), "user.password_reset");
  EXPECT_FALSE(store->session(session));
  EXPECT_EQ(refusal(first_step("bob")), Code::invalid_credentials) << "the old password";
  EXPECT_EQ(refusal(verify_code(challenge, totp(secrets["bob"], clock.now()))), Code::challenge_expired);
  const auto version = user(bob).public_version;

  ASSERT_TRUE(set_password("BOB", *done->reset_token));
  EXPECT_EQ(user(bob).public_version, version);
  const auto change = store->read()->changes(model::RecordKind::user, record_id(bob), {}, 1).at(0);
  EXPECT_EQ(change.op, "user.password");
  EXPECT_EQ(change.attribution.actor, bob) << "the account itself";
  EXPECT_EQ(change.attribution.proof, model::Attribution::Proof::reset);
  EXPECT_EQ(refusal(set_password("bob", *done->reset_token)), Code::invalid_token) << "once";
  const auto step = accounts->sign_in.log_in("bob", password(kNew), home);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->next, model::Challenge::Next::verify) << "the second factor stays";
  EXPECT_TRUE(verify_code(step->challenge, totp(secrets["bob"], clock.now())));
}

TEST_F(AReset, OfBothIsOneChangeInTheHistory) {
  begin();
  const auto done = reset(bob, true, true);
  ASSERT_TRUE(done);
  EXPECT_EQ(ops(bob).front(), "user.reset");
  ASSERT_TRUE(set_password("bob", *done->reset_token));
  EXPECT_EQ(accounts->sign_in.log_in("bob", password(kNew), home)->next, model::Challenge::Next::enrol);
}

TEST_F(AReset, TokenIsRefusedAlikeWhateverIsWrongWithIt) {
  begin();
  const auto old = *reset(bob, false, true)->reset_token;
  const auto newest = *reset(bob, false, true)->reset_token;
  const auto unknown = set_password("nobody", newest);
  ASSERT_EQ(refusal(unknown), Code::invalid_token);
  const auto expect_alike = [&](const Status& refused, const char* what) {
    ASSERT_EQ(refusal(refused), Code::invalid_token) << what;
    EXPECT_EQ(refused.error().detail, unknown.error().detail) << what;
  };
  expect_alike(set_password("bob", old), "replaced");
  expect_alike(set_password("bob", "junk"), "junk");
  expect_alike(set_password("bob", ""), "empty");
  expect_alike(set_password("ada", newest), "of somebody else");
  EXPECT_EQ(refusal(set_password("bob", newest, "password1")), Code::weak_password) << "first";
  ASSERT_TRUE(change(bob, {.state = UserState::disabled}));
  expect_alike(set_password("bob", newest), "disabled");
  ASSERT_TRUE(change(bob, {.state = UserState::active}));
  clock.move(24h);
  expect_alike(set_password("bob", newest), "expired");
  clock.move(-24h - 2min);
  expect_alike(set_password("bob", newest), "of a clock that was ahead");
  clock.move(2min);
  EXPECT_TRUE(set_password("bob", newest));
}

// A refusal that hashed the password first would tell by its time that the token was right.
TEST_F(AReset, TokenThatIsRefusedHashesNoPassword) {
  begin();
  const auto token = *reset(bob, false, true)->reset_token;
  const auto stored = user(bob).password_hash;
  EXPECT_EQ(stored, model::no_password);
  EXPECT_EQ(refusal(set_password("bob", "junk")), Code::invalid_token);
  EXPECT_EQ(user(bob).password_hash, stored);
  accounts->sweep();  // reads how all passwords are hashed
  EXPECT_EQ(refusal(first_step("bob")), Code::invalid_credentials);
  EXPECT_EQ(refusal(accounts->sign_in.log_in("bob", password("*"), home)), Code::invalid_credentials);
  EXPECT_TRUE(set_password("bob", token));
}

TEST_F(AReset, OfTheFactorKeepsAResetTokenThatIsStillNeeded) {
  begin();
  const auto token = *reset(bob, false, true)->reset_token;
  clock.move(1h);
  ASSERT_TRUE(reset(bob, true, false));
  clock.move(23h - 1s);
  EXPECT_TRUE(set_password("bob", token)) << "for its own 24 hours";
}

TEST_F(AReset, ByANewPasswordOnTheHostEndsTheToken) {
  begin();
  const auto token = *reset(bob, false, true)->reset_token;
  ASSERT_TRUE(accounts->host.set_password("bob", password("yet another battery")));
  EXPECT_EQ(refusal(set_password("bob", token)), Code::invalid_token);
  const auto shown = user(bob).reset;
  ASSERT_TRUE(shown);
  EXPECT_FALSE(shown->by) << "the host";
  EXPECT_TRUE(shown->password);
}

TEST_F(AReset, OfAPendingOrDisabledAccountOrOnesOwnWorks) {
  begin();
  ASSERT_TRUE(accounts->sign_in.sign_up("cyd", {}, password(), {}, home));
  const auto cyd = store->read()->user_by_name("cyd")->id;
  const auto token = *reset(cyd, true, true)->reset_token;
  EXPECT_EQ(refusal(first_step("cyd")), Code::invalid_credentials);
  ASSERT_TRUE(set_password("cyd", token));
  EXPECT_TRUE(accounts->sign_in.log_in("cyd", password(kNew), home));
  EXPECT_TRUE(ops(cyd).empty());

  ASSERT_TRUE(change(bob, {.state = UserState::disabled}));
  const auto bobs = *reset(bob, true, true)->reset_token;
  EXPECT_EQ(refusal(set_password("bob", bobs)), Code::invalid_token) << "while it is disabled";
  ASSERT_TRUE(change(bob, {.state = UserState::active}));
  EXPECT_TRUE(set_password("bob", bobs));

  const auto own = reset(admin->user(), false, true);
  ASSERT_TRUE(own);
  EXPECT_FALSE(store->session(admin->session().id));
  EXPECT_EQ(refusal(reset(UserId{}, true, true)), Code::not_found);
}

TEST_F(AReset, IsCountedInTheLoginBudgetOfTheAddress) {
  accounts.emplace(*store, clock, random, random.secret(32), random.secret(32),
                   AccountRules{.bcrypt_cost = 4, .login_rate_limit = {2, 1}});
  EXPECT_TRUE(accounts->sign_in.may_reset_password(home));
  EXPECT_TRUE(accounts->sign_in.may_log_in("ada", home));
  EXPECT_EQ(refusal(accounts->sign_in.may_reset_password(home)), Code::too_many_attempts);
}

TEST_F(AnAdmin, EndsTheSessionsOfAnAccount) {
  begin();
  const auto verified = session_of("bob");
  ASSERT_TRUE(store->write(accounts->administration.end_sessions(*admin, bob)));
  EXPECT_FALSE(store->session(verified->session.id));
  EXPECT_TRUE(store->session(admin->session().id));
  EXPECT_EQ(refusal(store->write(accounts->administration.end_sessions(*admin, UserId{}))), Code::not_found);
}

TEST_F(AnAdmin, SeesTheStateOfAnAuthenticator) {
  begin();
  const auto state = [&](const UserId& id) {
    const auto tx = store->read();
    return factor_state(*tx->user(id), tx->factor_counters(id), clock.now());
  };
  EXPECT_EQ(state(bob), FactorState::active);
  for (int i = 0; i < 10; ++i) (void)verify_code(first_step("bob")->challenge, wrong_code_of("bob"));
  EXPECT_EQ(state(bob), FactorState::waiting);
  clock.move(30s);
  EXPECT_EQ(state(bob), FactorState::active);
  for (int i = 10; i < 100; ++i) {
    clock.move(1h);
    (void)verify_code(first_step("bob")->challenge, wrong_code_of("bob"));
  }
  EXPECT_EQ(state(bob), FactorState::disabled);
  ASSERT_TRUE(accounts->host.reset_factor("bob"));
  EXPECT_EQ(state(bob), FactorState::enrol);
  clock.move(24h);
  EXPECT_EQ(state(bob), FactorState::none);
  ASSERT_TRUE(accounts->sign_in.sign_up("cyd", {}, password(), {}, home));
  EXPECT_EQ(state(store->read()->user_by_name("cyd")->id), FactorState::none);
}

TEST_F(AnAdmin, MovesTheVersionThatClientsSeeButLoginsDoNot) {
  begin();
  const auto version = [&] { return user(bob).public_version; };
  const auto first = version();
  ASSERT_TRUE(session_of("bob"));
  EXPECT_EQ(user(bob).last_login_at, clock.now() - 30s);
  const auto caller = signed_in(*session_of("bob"));
  ASSERT_TRUE(store->write(accounts->own_account.renew_recovery_codes(caller, totp(secrets["bob"], clock.now()))));
  EXPECT_EQ(version(), first) << "nor what one changes oneself";
  ASSERT_TRUE(accounts->host.set_password("bob", password()));
  EXPECT_EQ(version(), first + 1);
  ASSERT_TRUE(accounts->host.disable("bob"));
  ASSERT_TRUE(accounts->host.enable("bob"));
  EXPECT_EQ(version(), first + 3);
  ASSERT_TRUE(accounts->host.enable("bob"));
  EXPECT_EQ(version(), first + 3) << "nothing changed";
  ASSERT_TRUE(reset(bob, true, true));
  EXPECT_EQ(version(), first + 4);
}

}  // namespace
}  // namespace integrity::auth
