#include "auth/vault.hpp"

#include <gtest/gtest.h>

#include "testing/random.hpp"

namespace integrity::auth {
namespace {

struct Fixture : ::testing::Test {
  test::SeededRandom random;
  Secret key = random.secret(32);
  Vault vault{key, random};
  UserId ada = UserId::make(from_millis(0), random), bob = UserId::make(from_millis(0), random);
  Secret secret{std::string_view("12345678901234567890")};
};
using TotpVault = Fixture;

TEST_F(TotpVault, DecryptsWhatItEncrypted) {
  const auto encrypted = vault.encrypt(ada, secret);
  EXPECT_EQ(vault.decrypt(ada, encrypted).reveal_text(), "12345678901234567890");
  EXPECT_EQ(Vault(key, random).decrypt(ada, encrypted).reveal_text(), "12345678901234567890") << "after a restart";
  EXPECT_EQ(as_text(encrypted).find("1234567890"), std::string::npos);
  EXPECT_NE(vault.encrypt(ada, secret), encrypted) << "a nonce is never used again";
}

TEST_F(TotpVault, DecryptsNothingForAnotherAccountOrKey) {
  const auto encrypted = vault.encrypt(ada, secret);
  EXPECT_THROW((void)vault.decrypt(bob, encrypted), std::runtime_error) << "a secret moved between rows";
  EXPECT_THROW((void)Vault(random.secret(32), random).decrypt(ada, encrypted), std::runtime_error);
}

TEST_F(TotpVault, DecryptsNothingThatWasAltered) {
  const auto encrypted = vault.encrypt(ada, secret);
  for (std::size_t i = 0; i < encrypted.size(); ++i) {
    auto altered = encrypted;
    altered[i] ^= 1;
    EXPECT_THROW((void)vault.decrypt(ada, altered), std::runtime_error) << i;
    EXPECT_THROW((void)vault.decrypt(ada, ByteView(encrypted).first(i)), std::runtime_error) << i;
  }
}

TEST_F(TotpVault, HasKeysOfTheirOwnForRecoveryCodesAndRefreshTokens) {
  EXPECT_NE(vault.recovery_code_key().reveal_text(), key.reveal_text());
  EXPECT_NE(vault.refresh_token_key().reveal_text(), key.reveal_text());
  EXPECT_NE(vault.refresh_token_key().reveal_text(), vault.recovery_code_key().reveal_text());
  const Vault again(key, random);
  EXPECT_EQ(vault.recovery_code_key().reveal_text(), again.recovery_code_key().reveal_text());
  EXPECT_EQ(vault.refresh_token_key().reveal_text(), again.refresh_token_key().reveal_text());
}

}  // namespace
}  // namespace integrity::auth
