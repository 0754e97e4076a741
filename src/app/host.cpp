#include "app/host.hpp"

#include "catalog/words.hpp"
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

}  // namespace

Result<std::unique_ptr<Host>> Host::open(const Config& config) {
  INTEGRITY_TRY(DataFolder folder, DataFolder::open(config.data));
  auto random = std::make_unique<SystemRandom>();
  INTEGRITY_TRY(Keys keys, load_keys(config.keys, folder.database(), *random));
  try {
    return std::make_unique<Host>(config, std::move(folder), std::move(keys), std::move(random));
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
