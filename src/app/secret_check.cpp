#include "app/secret_check.hpp"

#include <optional>

#include "app/file.hpp"
#include "app/keys.hpp"
#include "auth/password.hpp"
#include "auth/totp.hpp"
#include "auth/vault.hpp"

namespace integrity::app {
namespace {

// For rows that the check itself has read and reported before.
class Unheard final : public store::CheckReport {
 public:
  void found(std::string_view, std::string_view) override {}
  void progress(std::string_view, std::size_t, std::size_t) override {}
};

// Nothing where it is missing, damaged or another one: that is a finding about the file.
std::optional<Secret> secrets_key_of(const Config& config, store::CheckSource& source) {
  const auto text = read_secret_as_it_is(config.keys / key_file::secrets);
  if (!text) return {};
  const auto fingerprint = fingerprint_in(config, key_file::secrets, *text);
  if (!fingerprint) return {};
  bool fits = false;
  Unheard unheard;
  source.read(
      store::row_kind<store::KeyFingerprint>(),
      [&](const store::Row& row) {
        const auto& known = std::get<store::KeyFingerprint>(row);
        fits = fits || (known.key == key_file::secrets && known.fingerprint == *fingerprint);
      },
      unheard);
  if (!fits) return {};
  return key_in(*text);
}

}  // namespace

std::size_t check_secrets(const Config& config, store::CheckSource& source, store::CheckReport& report) {
  const auto key = secrets_key_of(config, source);
  SystemRandom random;
  std::optional<auth::Vault> vault;
  if (key) vault.emplace(*key, random);
  Unheard unheard;
  std::size_t unusable = 0;
  source.read(
      store::row_kind<model::User>(),
      [&](const store::Row& row) {
        const auto& user = std::get<model::User>(row);
        const auto found = [&](const std::string& what) {
          report.found(store::about(model::RecordKind::user, user.id.hex()), what);
        };
        if (!auth::is_password_hash(user.password_hash)) found("has a password hash that is none");
        if (vault && !user.totp_secret.empty() && !vault->can_decrypt(user.id, user.totp_secret)) {
          ++unusable;
          found(
              "has a TOTP secret that secrets.key does not decrypt: it was altered, is another account's, or was made"
              " with an earlier key; integrity user reset-2fa " +
              user.username);
        }
      },
      unheard);
  return unusable;
}

}  // namespace integrity::app
