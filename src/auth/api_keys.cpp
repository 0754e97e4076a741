#include "auth/api_keys.hpp"

#include <algorithm>
#include <utility>

#include "auth/key_text.hpp"
#include "auth/network.hpp"
#include "base/log.hpp"

namespace integrity::auth {
namespace {

Status check_life(const NewKey& key) {
  if (!key.expires_in || !*key.expires_in) return {};
  const auto life = **key.expires_in;
  if (life >= std::chrono::seconds(1) && life <= api_key_life_max) return {};
  return invalid_value("#/expires_in", "must be 1 to " +
                                           std::to_string(std::chrono::seconds(api_key_life_max).count()) +
                                           " seconds, which is 366 days, or null");
}

Status check_addresses(const std::vector<std::string>& addresses) {
  if (addresses.size() > api_key_addresses_max) {
    return invalid_value("#/addresses", "must be at most " + std::to_string(api_key_addresses_max) + " networks");
  }
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (auto why = Network::why_not(addresses[i])) {
      return invalid_value("#/addresses/" + std::to_string(i), std::move(*why));
    }
  }
  return {};
}

// Each scope must be one that the owner has now; none lets a key change accounts.
Status check_scopes(model::Scopes scopes, model::Role role) {
  if (scopes.empty()) return invalid_value("#/scopes", "must name at least one scope");
  if (scopes.has(model::Scope::accounts_write)) {
    return invalid_value("#/scopes", "must not be accounts:write, which no key can have");
  }
  if ((scopes & model::scopes_of(role)) == scopes) return {};
  return invalid_value("#/scopes", "must be scopes that the account has: " + model::joined(model::scopes_of(role)));
}

bool usable(const model::ApiKey& key, Time now) {
  return !key.revoked_at && !is_over(key, now);
}

}  // namespace

Error keys_are_off() {
  return {Code::forbidden, "keys for programs are off on this server: start it with --api-keys"};
}

bool is_over(const model::ApiKey& key, Time now) {
  return key.expires_at && model::is_over(*key.expires_at, api_key_life_max, now);
}

Status ApiKeys::expect_on() const {
  if (on()) return {};
  return keys_are_off();
}

store::WriteFunction<ApiKeys::Made> ApiKeys::create(const SignedIn& by, NewKey key) const {
  return create(by.attribution(), by.user(), std::move(key));
}

store::WriteFunction<ApiKeys::Made> ApiKeys::create(const model::Attribution& attribution, const UserId& owner,
                                                    NewKey from) const {
  const Time now = context_.clock.now();
  Made made;
  made.text = make_key_text(context_.random);
  made.key.id = ApiKeyId::make(now, context_.random);
  made.key.hash = key_hash(made.text);
  made.key.user = owner;
  made.key.created_at = now;
  return [attribution, made = std::move(made), from = std::move(from), now](store::WriteTx& tx) -> Result<Made> {
    const auto user = tx.user(made.key.user);
    if (!user || user->state != model::UserState::active || !user->role) return invalid_token();
    INTEGRITY_CHECK(check_scopes(from.scopes, *user->role));
    INTEGRITY_CHECK(check_life(from));
    INTEGRITY_CHECK(check_addresses(from.addresses));
    if (tx.count_usable_api_keys(user->id, now) >= api_keys_max) {
      return Error{Code::limit_reached, "the account has " + std::to_string(api_keys_max) +
                                            " keys, the maximum: revoke those that no program uses"};
    }
    Made done = made;
    const auto life = from.expires_in.value_or(api_key_life);
    if (life) done.key.expires_at = now + *life;
    done.key.name = from.name;
    done.key.scopes = from.scopes;
    done.key.addresses = from.addresses;
    done.key.role = user->role;
    tx.add_api_key(attribution, done.key);
    return done;
  };
}

std::vector<model::ApiKey> ApiKeys::list(store::ReadTx& tx, const UserId& user) const {
  auto keys = tx.usable_api_keys(user, context_.clock.now());
  for (model::ApiKey& each : keys) each.last_used_at = last_used(each);
  std::sort(keys.begin(), keys.end(), [](const model::ApiKey& a, const model::ApiKey& b) {
    return std::pair(a.created_at, a.id) > std::pair(b.created_at, b.id);
  });
  return keys;
}

store::WriteFunction<Done> ApiKeys::revoke(const model::Attribution& attribution, const UserId& user,
                                           const ApiKeyId& id) const {
  return [attribution, user, id, now = context_.clock.now()](store::WriteTx& tx) -> Result<Done> {
    const auto key = tx.api_key(id);
    if (!key || key->user != user || !usable(*key, now)) return not_found();
    tx.revoke_api_key(attribution, *key, now);
    return Done{};
  };
}

void ApiKeys::used(const ApiKeyId& id, Time at) {
  Shard& shard = shard_of(id);
  const std::scoped_lock lock(shard.mutex);
  shard.used[id] = at;
}

void ApiKeys::flush(bool at_once) {
  const Time now = context_.clock.now();
  const bool early = now >= flushed_at_ && now - flushed_at_ < api_key_flush_every;
  if (early && !at_once) return;
  std::vector<std::pair<ApiKeyId, Time>> used;
  for (Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    used.insert(used.end(), shard.used.begin(), shard.used.end());
  }
  if (used.empty()) return;
  const auto done = context_.store.write([&](store::WriteTx& tx) -> Result<Done> {
    tx.set_api_keys_used(used);
    return Done{};
  });
  if (!done) return log::event("keys.flush_failed", {{"cause", done.error().cause}});
  flushed_at_ = now;
  for (const auto& [id, at] : used) {
    Shard& shard = shard_of(id);
    const std::scoped_lock lock(shard.mutex);
    const auto found = shard.used.find(id);
    if (found != shard.used.end() && found->second == at) shard.used.erase(found);  // not used again meanwhile
  }
}

std::optional<Time> ApiKeys::last_used(const model::ApiKey& key) const {
  const Shard& shard = shard_of(key.id);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.used.find(key.id);
  if (found == shard.used.end()) return key.last_used_at;
  return std::max(found->second, key.last_used_at.value_or(found->second));
}

}  // namespace integrity::auth
