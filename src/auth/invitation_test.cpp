// Invitations, from an admin to the confirmation, and which role an account gets.
#include "auth/invitation.hpp"

#include <future>

#include "auth/accounts_fixture.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;
using model::Role;

struct Fixture : AccountsFixture {
  void restart(AccountRules rules) {
    rules.bcrypt_cost = 4;
    rules.login_rate_limit = rules.signup_rate_limit = {1e6, 1e6};
    accounts.emplace(*store, clock, random, Secret(std::string(32, 'k')), Secret(std::string(32, 's')), rules);
  }
  Fixture() { restart({}); }
  void with_admin() {
    enrol();
    ASSERT_TRUE(accounts->host.set_role("ada", Role::admin));
    admin.emplace(sign_in());
  }
  Result<Invited> invite(Role role, const std::optional<std::string>& name = {},
                         std::optional<std::chrono::seconds> expires_in = {}) {
    return store->write(accounts->administration.invite(*admin, role, name, expires_in));
  }
  Result<FirstStep> sign_up(const std::string& username, const std::optional<std::string>& invitation,
                            const std::optional<std::string>& name = {}) {
    return accounts->sign_in.sign_up(username, name, password(), invitation, home);
  }
  Result<Verified> confirm(const FirstStep& step) {
    const auto tx = store->read();
    const auto enrolment =
        accounts->sign_in.enrolment(*accounts->sign_in.first_step_done(*tx, step.challenge, step.user.username));
    return verify_code(step.challenge, totp(*test::from_base32(enrolment->secret_base32), clock.now()));
  }
  Role role_of(const std::string& name) const { return store->read()->user_by_name(name)->role.value(); }
  std::size_t open() const { return store->read()->invitations_open(clock.now()); }

  std::optional<SignedIn> admin;
};
using AnInvitation = Fixture;

TEST_F(AnInvitation, LetsOnePersonInWithItsRoleAlthoughSignUpIsClosed) {
  with_admin();
  restart({.signup_open = false, .signup_role = Role::viewer});
  const auto invited = invite(Role::auditor, "Cyd C.");
  ASSERT_TRUE(invited);
  EXPECT_EQ(from_base64url(invited->token)->size(), 20U);
  EXPECT_EQ(invited->invitation.expires_at, clock.now() + 7 * 24h);
  EXPECT_EQ(invited->invitation.created_by, admin->user());
  EXPECT_EQ(refusal(sign_up("cyd", {})), Code::signup_closed);
  EXPECT_TRUE(accounts->sign_in.may_use_invitation(invited->token));
  const auto step = sign_up("cyd", invited->token);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->user.name, "Cyd C.");
  EXPECT_EQ(open(), 1U) << "not spent yet";
  const auto verified = confirm(*step);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->user.role, Role::auditor);
  EXPECT_EQ(verified->session.role, Role::auditor);
  EXPECT_FALSE(verified->first_admin);
  EXPECT_EQ(role_of("cyd"), Role::auditor);
  EXPECT_EQ(open(), 0U);
  EXPECT_EQ(refusal(sign_up("dan", invited->token)), Code::signup_closed) << "once";
  const auto changes = store->read()->changes(model::RecordKind::invitation, record_id(invited->invitation.id), {}, 10);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].op, "invitation.accept");
  EXPECT_EQ(changes[0].account, verified->user.id);
  EXPECT_EQ(changes[1].op, "invitation.create");
}

TEST_F(AnInvitation, GivesItsNameUnlessTheSignUpHasOne) {
  with_admin();
  const auto token = invite(Role::clerk, "Cyd C.")->token;
  EXPECT_EQ(sign_up("cyd", token, "Cydney")->user.name, "Cydney");
}

TEST_F(AnInvitation, IsSpentByTheFirstToConfirm) {
  with_admin();
  const auto token = invite(Role::clerk)->token;
  const auto cyd = sign_up("cyd", token), dan = sign_up("dan", token);
  ASSERT_TRUE(cyd && dan);
  ASSERT_TRUE(confirm(*dan));
  EXPECT_EQ(refusal(confirm(*cyd)), Code::signup_closed);
  const auto loser = *store->read()->user_by_name("cyd");
  EXPECT_EQ(loser.state, model::UserState::pending);
  EXPECT_EQ(refusal(accounts->sign_in.may_verify(*store->read(), cyd->challenge, {}, {.code = "000000"}, home)),
            Code::signup_closed)
      << "by a read";
}

TEST_F(AnInvitation, IsLookedAtAgainAtTheConfirmation) {
  with_admin();
  const auto first = invite(Role::clerk), second = invite(Role::clerk, {}, 300s);
  const auto cyd = sign_up("cyd", first->token), dan = sign_up("dan", second->token);
  ASSERT_TRUE(store->write(accounts->administration.withdraw(*admin, first->invitation.id)));
  EXPECT_EQ(refusal(confirm(*cyd)), Code::signup_closed) << "deleted";
  clock.move(300s);
  EXPECT_EQ(refusal(confirm(*dan)), Code::signup_closed) << "expired";
  EXPECT_EQ(store->read()->user_by_name("dan")->state, model::UserState::pending);
}

TEST_F(AnInvitation, ThatCannotBeUsedIsRefusedAlsoWhereSignUpIsOpen) {
  with_admin();
  const auto invited = invite(Role::clerk, {}, 60s);
  const auto unknown = sign_up("cyd", "junk");
  ASSERT_EQ(refusal(unknown), Code::signup_closed);
  clock.move(60s);
  const auto expired = sign_up("cyd", invited->token);
  ASSERT_EQ(refusal(expired), Code::signup_closed);
  EXPECT_EQ(expired.error().detail, unknown.error().detail);
  EXPECT_EQ(refusal(accounts->sign_in.may_use_invitation(invited->token)), Code::signup_closed);
  EXPECT_FALSE(store->read()->user_by_name("cyd"));
  EXPECT_EQ(refusal(store->write(accounts->administration.withdraw(*admin, invited->invitation.id))), Code::not_found);
  EXPECT_EQ(refusal(store->write(accounts->administration.withdraw(*admin, InvitationId{}))), Code::not_found);
}

TEST_F(AnInvitation, LivesAtMostThirtyDays) {
  with_admin();
  EXPECT_TRUE(invite(Role::clerk, {}, 30 * 24h));
  for (const auto life : {std::chrono::seconds(30 * 24h + 1s), 0s, -1s, std::chrono::seconds::max()}) {
    const auto refused = invite(Role::clerk, {}, life);
    ASSERT_EQ(refusal(refused), Code::invalid_value) << life.count();
    EXPECT_EQ(refused.error().fields.at(0).where, "#/expires_in");
  }
}

TEST_F(AnInvitation, IsOneOfAThousandAtMost) {
  with_admin();
  ASSERT_TRUE(store->write([&](store::WriteTx& tx) -> Result<Done> {
    for (std::size_t i = 1; i < invitations_max; ++i) {
      model::Invitation each{
          .id = InvitationId::make(clock.now(), random), .created_at = clock.now(), .expires_at = clock.now() + 1h};
      each.token_hash = token_hash(each.id.hex());
      tx.add_invitation({}, each);
    }
    return Done{};
  }));
  ASSERT_TRUE(invite(Role::clerk));
  EXPECT_EQ(refusal(invite(Role::clerk)), Code::limit_reached);
  clock.move(1h);
  EXPECT_TRUE(invite(Role::clerk)) << "expired ones do not count";
  accounts->sweep();
  EXPECT_EQ(store->read()->invitations({}, 2000).size(), 2U);
}

TEST_F(AnInvitation, OfTheHostHasNoMaker) {
  const auto invited = accounts->host.invite(Role::admin, "Ada", 3600s);
  ASSERT_TRUE(invited);
  EXPECT_FALSE(invited->invitation.created_by);
  const auto step = sign_up("ada", invited->token);
  ASSERT_TRUE(step);
  const auto verified = confirm(*step);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->user.role, Role::admin);
}

using TheFirstAdmin = Fixture;

TEST_F(TheFirstAdmin, IsTheFirstConfirmedOnLoopback) {
  restart({.first_admin_on_loopback = true});
  ASSERT_TRUE(sign_up("zoe", {})) << "a pending account stops nobody";
  const auto ada = confirm(*sign_up("ada", {}));
  ASSERT_TRUE(ada);
  EXPECT_EQ(ada->user.role, Role::admin);
  EXPECT_TRUE(ada->first_admin);
  EXPECT_EQ(store->session(ada->session.id)->role, Role::admin);
  const auto bob = confirm(*sign_up("bob", {}));
  ASSERT_TRUE(bob);
  EXPECT_EQ(bob->user.role, Role::editor);
  EXPECT_FALSE(bob->first_admin);
}

TEST_F(TheFirstAdmin, IsNobodyElsewhereOrOnceAProxyWasSeen) {
  restart({.signup_role = Role::clerk});
  EXPECT_EQ(confirm(*sign_up("ada", {}))->user.role, Role::clerk);
  restart({.first_admin_on_loopback = true});
  EXPECT_EQ(confirm(*sign_up("bob", {}))->user.role, Role::editor) << "somebody was confirmed already";
}

TEST_F(TheFirstAdmin, IsNobodyOnceAProxyWasSeen) {
  restart({.first_admin_on_loopback = true});
  accounts->context.proxy_seen = true;
  EXPECT_EQ(confirm(*sign_up("ada", {}))->user.role, Role::editor);
}

TEST_F(TheFirstAdmin, IsWhomTheHostAddsFirst) {
  const auto added = accounts->host.add_user("ada", password());
  const auto code = [&](const HostAccounts::Added& of) {
    return totp(*test::from_base32(of.enrolment.secret_base32), clock.now());
  };
  ASSERT_TRUE(accounts->host.confirm(added->challenge, code(*added)));
  EXPECT_EQ(role_of("ada"), Role::admin);
  restart({.signup_role = Role::viewer});
  const auto bob = accounts->host.add_user("bob", password());
  ASSERT_TRUE(accounts->host.confirm(bob->challenge, code(*bob)));
  EXPECT_EQ(role_of("bob"), Role::viewer) << "what --signup-role says";
  const auto cyd = accounts->host.add_user("cyd", password(), Role::auditor);
  ASSERT_TRUE(accounts->host.confirm(cyd->challenge, code(*cyd)));
  EXPECT_EQ(role_of("cyd"), Role::auditor);
}

TEST_F(TheFirstAdmin, OfTheHostMayConfirmByTheFirstLogin) {
  ASSERT_TRUE(accounts->host.add_user("ada", password()));
  const auto verified = confirm(*log_in());
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->first_admin);
  EXPECT_EQ(role_of("ada"), Role::admin);
}

TEST_F(TheFirstAdmin, GetsItsRoleFromItsInvitationFirst) {
  restart({.first_admin_on_loopback = true});
  const auto invited = accounts->host.invite(Role::viewer, {}, {});
  const auto verified = confirm(*sign_up("ada", invited->token));
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->user.role, Role::viewer);
  EXPECT_FALSE(verified->first_admin);
}

TEST_F(TheFirstAdmin, IsOneOfManyWhoConfirmAtOnce) {
  restart({.first_admin_on_loopback = true});
  std::vector<std::pair<std::string, std::string>> steps;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "user" + std::to_string(i);
    const auto step = sign_up(name, {});
    const auto tx = store->read();
    const auto enrolment = accounts->sign_in.enrolment(*accounts->sign_in.first_step_done(*tx, step->challenge, name));
    steps.emplace_back(step->challenge, totp(*test::from_base32(enrolment->secret_base32), clock.now()));
  }
  std::vector<std::future<Result<Verified>>> sent;
  for (const auto& [challenge, code] : steps) {
    sent.push_back(std::async(std::launch::async, [&] { return verify_code(challenge, code); }));
  }
  int admins = 0, logged = 0;
  for (auto& each : sent) {
    const auto verified = each.get();
    ASSERT_TRUE(verified);
    admins += verified->user.role == Role::admin ? 1 : 0;
    logged += verified->first_admin ? 1 : 0;
  }
  EXPECT_EQ(admins, 1);
  EXPECT_EQ(logged, 1);
  EXPECT_EQ(store->read()->active_admins(), 1U);
}

}  // namespace
}  // namespace integrity::auth
