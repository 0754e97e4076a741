#include "app/host.hpp"

#include "app/option_values.hpp"
#include "app/restore_command.hpp"
#include "catalog/words.hpp"
#include "store/mongo/mongo_store.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::app {
namespace {

auth::AccountRules rules_of(const Config& config) {
  auth::AccountRules rules;
  rules.signup_open = config.signup == Signup::open;
  rules.signup_role = config.signup_role;
  rules.session_idle = config.session_idle;
  rules.session_max = config.session_max;
  rules.api_keys = config.api_keys;
  // A proxy on the same machine brings strangers to loopback.
  rules.first_admin_on_loopback = config.on_loopback() && config.trusted_proxies.empty();
  rules.issuer = config.issuer;
  rules.bcrypt_cost = config.bcrypt_cost;
  rules.login_rate_limit = {static_cast<double>(config.login_burst), config.login_rate};
  // Ten times as many: a challenge allows five attempts, and clients may send a spent one again by mistake.
  rules.no_challenge_rate_limit = {10.0 * rules.login_rate_limit.burst, 10 * rules.login_rate_limit.per_second};
  rules.signup_rate_limit = {static_cast<double>(config.signup_burst), config.signup_rate};
  return rules;
}

Status expect_key(store::Store& store, const KeyInUse& mine, bool accept) {
  const auto right = store.write([=](store::WriteTx& tx) -> Result<bool> {
    const auto known = tx.key_fingerprint(mine.name);
    if (known && known != mine.fingerprint && !accept) return false;
    if (known != mine.fingerprint) tx.set_key_fingerprint(mine.name, mine.fingerprint);
    return true;
  });
  if (!right) return right.error();
  if (*right) return {};
  return Error{Code::precondition_failed,
               mine.shown +
                   ": is not the key that the database is used with; copy that from another server of this database, "
                   "or from your copy of the keys. If it is lost everywhere, stop all servers: integrity key accept " +
                   mine.name + " (with this one's options --store, --keys, --data)"};
}

Status expect_all(store::Store& store, const std::vector<KeyInUse>& used, std::string_view accept) {
  for (const KeyInUse& key : used) INTEGRITY_CHECK(expect_key(store, key, accept == key.name));
  return {};
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

// With another key, right passwords and codes would be refused, and nobody would see why. Another token.key only ends
// the tokens that were signed with the old one; but nodes that share a store must all have the same.
std::vector<KeyInUse> keys_used(const Keys& keys, const Config& config, bool shared) {
  std::vector<KeyInUse> used{
      {key_file::password, (config.keys / key_file::password).string(), key_fingerprint(keys.password.reveal())},
      {key_file::secrets, (config.keys / key_file::secrets).string(), key_fingerprint(keys.secrets.reveal())}};
  if (!shared) return used;
  used.push_back({key_file::token,
                  config.jwt_secret_key
                      ? "JWT_SECRET_KEY"
                      : (config.keys / key_file::token).string() + ", where others may have a JWT_SECRET_KEY",
                  token_fingerprint(config, keys.token)});
  return used;
}

Status expect_database(const Config& config) {
  if (config.mongo_uri.empty()) {
    const auto file = DataFolder::database_in(config.data);
    std::error_code error;
    // A pipe would wait for its other end. What SQLite says about a folder says what to do.
    if (std::filesystem::is_other(file, error)) {
      return Error{Code::unavailable, file.string() +
                                          ": is a device, a pipe or a socket, not a database; remove it, and"
                                          " restore the database from a backup"};
    }
    if (!is_missing(file)) return {};
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
      INTEGRITY_CHECK(expect_no_part_of_a_restore(config.data));
      first_start = is_missing(folder->database());
    } else {
      store::mongo::MongoOptions options{.uri = config.mongo_uri, .clock = &clock, .text = catalog::product_text};
      if (config.max_clock_offset > std::chrono::seconds(0)) options.clock_off_max = config.max_clock_offset;
      store = store::mongo::open_mongo(options);
      INTEGRITY_TRY(const bool known, knows_keys(*store));
      first_start = !known;
    }
    INTEGRITY_TRY(Keys keys, load_keys(config.keys, first_start, *random, accept));
    if (!store) {  // after the keys: a database never exists without them
      store = store::sqlite::open_sqlite({.file = folder->database(), .clock = &clock, .text = catalog::product_text});
    }
    auto used = keys_used(keys, config, store->remote());
    INTEGRITY_CHECK(expect_all(*store, used, accept));
    return std::make_unique<Host>(config, std::move(folder), clock, std::move(random), std::move(keys), std::move(used),
                                  std::move(store));
  } catch (const store::Unavailable& error) {
    return Error{Code::unavailable, error.what()};
  }
}

Host::Host(const Config& config, std::optional<DataFolder> data_folder, const Clock& time,
           std::unique_ptr<Random> chance, Keys loaded_keys, std::vector<KeyInUse> used,
           std::unique_ptr<store::Store> opened)
    : folder(std::move(data_folder)),
      clock(time),
      random(std::move(chance)),
      keys(std::move(loaded_keys)),
      keys_in_use(std::move(used)),
      store(std::move(opened)),
      accounts(*store, clock, *random, keys.password.clone(), keys.secrets, rules_of(config)) {}

Status Host::expect_keys() const {
  return expect_all(*store, keys_in_use, {});
}

}  // namespace integrity::app
