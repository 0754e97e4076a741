// What strangers send is refused by a read. Each junk request to POST /verify-2fa used to be a write in the queue: one
// stranger raised the time of the owner's writes from 3 to 234 ms.
#include <gtest/gtest.h>

#include "auth/accounts_fixture.hpp"

namespace integrity::auth {
namespace {

using namespace std::chrono_literals;

struct Fixture : AccountsFixture {
  Fixture() {
    accounts.emplace(*store, clock, random, random.secret(32), random.secret(32),
                     AccountRules{.bcrypt_cost = 4, .no_challenge_rate_limit = {3, 1}});
  }
  Status may_verify(std::string_view challenge, const Proof& proof, const std::optional<std::string>& username = {}) {
    return accounts->sign_in.may_verify(*store->read(), challenge, username, proof, home);
  }
};
using Stranger = Fixture;

TEST_F(Stranger, IsRefusedByAReadWithTheSameText) {
  enrol();
  const auto unknown = may_verify("made-up", {.code = code()});
  ASSERT_EQ(refusal(unknown), Code::challenge_expired);
  EXPECT_EQ(unknown.error().detail, verify_code("made-up", code()).error().detail);
  const auto step = log_in();
  EXPECT_TRUE(may_verify(step->challenge, {.code = code()}));
  EXPECT_TRUE(may_verify(step->challenge, {.code = wrong_code()}))
      << "only the write, which counts it, checks the code";
  EXPECT_EQ(refusal(may_verify(step->challenge, {.code = code()}, "bob")), Code::challenge_expired);
  clock.move(300s);
  EXPECT_EQ(refusal(may_verify(step->challenge, {.code = code()})), Code::challenge_expired);
}

TEST_F(Stranger, IsRefusedWithAUsedUpChallenge) {
  enrol();
  const auto step = log_in();
  for (int i = 0; i < 5; ++i) (void)verify_code(step->challenge, wrong_code());
  EXPECT_EQ(refusal(may_verify(step->challenge, {.code = code()})), Code::challenge_expired);
}

TEST_F(Stranger, MustWaitAfterManyRequestsButNobodyWithALiveChallengeMust) {
  enrol();
  const auto step = log_in();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(refusal(may_verify("junk", {.code = "000000"})), Code::challenge_expired);
  const auto refused = may_verify("junk", {.code = "000000"});
  ASSERT_EQ(refusal(refused), Code::too_many_attempts);
  EXPECT_EQ(refused.error().retry_after, 1s);
  EXPECT_TRUE(may_verify(step->challenge, {.code = code()})) << "from the same address";
  clock.move(1s);
  EXPECT_EQ(refusal(may_verify("junk", {.code = "000000"})), Code::challenge_expired);
}

TEST_F(Stranger, QueuesNoWriteForACodeThatMustWait) {
  enrol();
  for (int i = 0; i < 10; ++i) (void)verify_code(log_in()->challenge, wrong_code());
  const auto step = log_in();
  EXPECT_EQ(refusal(may_verify(step->challenge, {.code = code()})), Code::too_many_attempts);
  EXPECT_TRUE(may_verify(step->challenge, {.recovery_code = parse_recovery_code(recovery_codes[0])}));
}

TEST_F(Stranger, WithARecoveryCodeForAnEnrolmentIsRefusedToo) {
  const auto step = accounts->sign_in.sign_up("ada", {}, password(), {}, home);
  EXPECT_EQ(refusal(may_verify(step->challenge, {.recovery_code = Bytes(recovery_code_bytes)})), Code::invalid_value);
}

}  // namespace
}  // namespace integrity::auth
