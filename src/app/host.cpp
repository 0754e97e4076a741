#include "app/host.hpp"

#include "catalog/words.hpp"
#include "crypto/digest.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::app {
namespace {

auth::AccountRules rules_of(const Config& config) {
  auth::AccountRules rules;
  rules.signup_open = config.signup == Signup::open;
  rules.issuer = config.issuer;
  rules.bcrypt_cost = config.bcrypt_cost;
  rules.login_budget = {static_cast<double>(config.login_burst), config.login_rate};
  rules.signup_budget = {static_cast<double>(config.signup_burst), config.signup_rate};
  return rules;
}

// A store used with another key takes right passwords and codes for wrong ones, and nobody would see why. A replaced
// token.key only ends what was signed with the one before.
Status expect_keys(store::Store& store, const Keys& keys, std::string_view accept) {
  for (const auto& [name, key] : {std::pair(key_file::password, &keys.password), {key_file::secrets, &keys.secrets}}) {
    model::Digest fingerprint;
    const Secret derived = crypto::derive_key(key->reveal(), "integrity/fingerprint");
    std::copy_n(derived.reveal().begin(), fingerprint.size(), fingerprint.begin());
    const auto seen = store.write([=](store::WriteTx& tx) -> Result<bool> {
      const auto known = tx.key_fingerprint(name);
      if (known != fingerprint && known && accept != name) return false;
      if (known != fingerprint) tx.set_key_fingerprint(name, fingerprint);
      return true;
    });
    if (!seen) return seen.error();
    if (!*seen) {
      return Error{Code::unavailable, std::string(name) +
                                          ": is not the key that the database is used with; restore it" +
                                          " from your copy of the keys. If it is lost: integrity key accept " + name};
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Host>> Host::open(const Config& config, std::string_view accept) {
  INTEGRITY_TRY(DataFolder folder, DataFolder::open(config.data));
  auto random = std::make_unique<SystemRandom>();
  INTEGRITY_TRY(Keys keys, load_keys(config.keys, folder.database(), *random, accept));
  try {
    auto host = std::make_unique<Host>(config, std::move(folder), std::move(keys), std::move(random));
    INTEGRITY_CHECK(expect_keys(*host->store, host->keys, accept));
    return host;
  } catch (const store::Unavailable& error) {
    return Error{Code::unavailable, error.what()};
  }
}

Host::Host(const Config& config, DataFolder data_folder, Keys loaded_keys, std::unique_ptr<Random> chance)
    : folder(std::move(data_folder)),
      random(std::move(chance)),
      keys(std::move(loaded_keys)),
      store(store::sqlite::open_sqlite({.file = folder.database(), .clock = &clock, .text = catalog::product_text})),
      accounts(*store, clock, *random, keys.password.clone(), keys.secrets, rules_of(config)) {}

}  // namespace integrity::app
