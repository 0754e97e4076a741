#include "app/host.hpp"

#include "app/option_values.hpp"
#include "catalog/words.hpp"
#include "crypto/digest.hpp"
#include "store/mongo/mongo_store.hpp"
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

model::Digest fingerprint(ByteView key) {
  const Secret derived = crypto::derive_key(key, "integrity/fingerprint");
  model::Digest digest;
  std::copy_n(derived.reveal().begin(), digest.size(), digest.begin());
  return digest;
}

// `shown` is what holds it.
Status expect_key(store::Store& store, const char* name, const char* shown, const model::Digest& mine, bool accept) {
  const auto right = store.write([=](store::WriteTx& tx) -> Result<bool> {
    const auto known = tx.key_fingerprint(name);
    if (known && known != mine && !accept) return false;
    if (known != mine) tx.set_key_fingerprint(name, mine);
    return true;
  });
  if (!right) return right.error();
  if (*right) return {};
  return Error{Code::unavailable,
               std::string(shown) +
                   ": is not the key that the database is used with; copy that from another server of this database, "
                   "or from your copy of the keys. If it is lost everywhere, stop all servers: integrity key accept " +
                   name + " (with this one's options --store, --keys, --data)"};
}

// A store used with another key takes right passwords and codes for wrong ones, and nobody would see why. A replaced
// token.key only ends what was signed with the one before; but nodes that share a store must all have the same.
Status expect_keys(store::Store& store, const Keys& keys, const Config& config, std::string_view accept) {
  const auto expect = [&](const char* name, const model::Digest& mine, const char* shown = nullptr) {
    return expect_key(store, name, shown != nullptr ? shown : name, mine, accept == name);
  };
  INTEGRITY_CHECK(expect(key_file::password, fingerprint(keys.password.reveal())));
  INTEGRITY_CHECK(expect(key_file::secrets, fingerprint(keys.secrets.reveal())));
  if (!store.remote()) return {};
  const Secret token = config.jwt_secret_key ? config.jwt_secret_key->clone() : keys.token.to_pem();
  return expect(key_file::token, fingerprint(crypto::sha256(token.reveal())),
                config.jwt_secret_key ? "JWT_SECRET_KEY" : "token.key, where others may have a JWT_SECRET_KEY");
}

bool is_missing(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::symlink_status(path, error).type() == std::filesystem::file_type::not_found;
}

Result<bool> knows_keys(store::Store& store) {
  return store.write(
      [](store::WriteTx& tx) -> Result<bool> { return tx.key_fingerprint(key_file::password).has_value(); });
}

}  // namespace

Status expect_database(const Config& config) {
  if (config.mongo_uri.empty()) {
    if (!is_missing(DataFolder::database_in(config.data))) return {};
    return Error{Code::not_found, config.data.string() + ": there is no database here yet; see --data"};
  }
  try {
    if (store::mongo::is_mongo_store(config.mongo_uri)) return {};
  } catch (const store::Unavailable& error) {
    return Error{Code::unavailable, error.what()};
  }
  return Error{Code::not_found, hide_uri_secrets(config.mongo_uri) + ": there is no database here yet; see --store"};
}

Result<std::unique_ptr<Host>> Host::open(const Config& config, std::string_view accept) {
  static const SystemClock clock;
  std::optional<DataFolder> folder;
  auto random = std::make_unique<SystemRandom>();
  std::unique_ptr<store::Store> store;
  try {
    bool first_start = false;
    if (config.mongo_uri.empty()) {
      INTEGRITY_TRY(folder, DataFolder::open(config.data));
      first_start = is_missing(folder->database());
    } else {
      store = store::mongo::open_mongo({.uri = config.mongo_uri, .clock = &clock, .text = catalog::product_text});
      INTEGRITY_TRY(const bool known, knows_keys(*store));
      first_start = !known;
    }
    INTEGRITY_TRY(Keys keys, load_keys(config.keys, first_start, *random, accept));
    if (!store) {  // behind the keys: where there is a database, they are there
      store = store::sqlite::open_sqlite({.file = folder->database(), .clock = &clock, .text = catalog::product_text});
    }
    INTEGRITY_CHECK(expect_keys(*store, keys, config, accept));
    return std::make_unique<Host>(config, std::move(folder), clock, std::move(random), std::move(keys),
                                  std::move(store));
  } catch (const store::Unavailable& error) {
    return Error{Code::unavailable, error.what()};
  }
}

Host::Host(const Config& config, std::optional<DataFolder> data_folder, const Clock& time,
           std::unique_ptr<Random> chance, Keys loaded_keys, std::unique_ptr<store::Store> opened)
    : folder(std::move(data_folder)),
      clock(time),
      random(std::move(chance)),
      keys(std::move(loaded_keys)),
      store(std::move(opened)),
      accounts(*store, clock, *random, keys.password.clone(), keys.secrets, rules_of(config)) {}

}  // namespace integrity::app
