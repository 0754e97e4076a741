#include "store/tx.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/json.hpp"
#include "model/change_words.hpp"
#include "store/enum_names.hpp"

namespace integrity::store {
namespace {

using model::RecordKind;

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += out.empty() ? "{\"" : ",\"";
  out += name;
  out += "\":";
  json::append_string(out, text);
}
void append_member(std::string& out, std::string_view name, Time time) {
  append_member(out, name, std::string_view(to_rfc3339(time)));
}
template <class Tag>
void append_member(std::string& out, std::string_view name, const Id<Tag>& id) {
  append_member(out, name, std::string_view(id.hex()));
}
template <class T>
void append_member(std::string& out, std::string_view name, const std::optional<T>& value) {
  if (value) return append_member(out, name, *value);
  out += ",\"";
  out += name;
  out += "\":null";
}
template <class Texts>
void append_array(std::string& out, std::string_view name, const Texts& texts) {
  out += ",\"";
  out += name;
  out += "\":[";
  for (bool first = true; const auto& each : texts) {
    if (!std::exchange(first, false)) out += ',';
    json::append_string(out, each);
  }
  out += ']';
}

std::string_view factor_state(const model::User& user, Time now) {
  if (user.has_factor()) return "active";
  return user.enrol_until && *user.enrol_until > now ? "enrol" : "none";
}

// Records in the history: without credentials, and without anything that helps to guess them.
std::string to_json(const model::User& user, Time now) {
  std::string out;
  append_member(out, "id", user.id);
  append_member(out, "username", std::string_view(user.username));
  append_member(out, "name", user.name);
  append_member(out, "role", user.role ? std::optional(name_of(*user.role)) : std::nullopt);
  append_member(out, "state", name_of(user.state));
  append_member(out, "factor", factor_state(user, now));
  append_member(out, "created_at", user.created_at);
  return out + ",\"version\":" + std::to_string(user.public_version) + '}';
}

std::string to_json(const model::Session& session) {
  std::string out;
  append_member(out, "id", session.id);
  append_member(out, "user", session.user);
  append_array(out, "amr", model::amr_of(session.factor));
  append_member(out, "created_at", session.created_at);
  append_member(out, "expires_at", session.expires_at);
  return out + '}';
}

std::string to_json(const model::ApiKey& key) {
  std::string out;
  append_member(out, "id", key.id);
  append_member(out, "user", key.user);
  append_member(out, "name", std::string_view(key.name));
  append_array(out, "scopes", names_of(key.scopes));
  if (key.addresses.empty()) {
    out += ",\"addresses\":null";
  } else {
    append_array(out, "addresses", key.addresses);
  }
  append_member(out, "created_at", key.created_at);
  append_member(out, "expires_at", key.expires_at);
  return out + '}';
}

std::string to_json(const model::Invitation& invitation) {
  std::string out;
  append_member(out, "id", invitation.id);
  append_member(out, "role", name_of(invitation.role));
  append_member(out, "name", invitation.name);
  append_member(out, "created_by", invitation.created_by);
  append_member(out, "created_at", invitation.created_at);
  append_member(out, "expires_at", invitation.expires_at);
  return out + '}';
}

}  // namespace

std::shared_ptr<const model::RenderedProduct> ReadTx::rendered_product(const ProductId& id) {
  const auto found = product(id);
  return found ? std::make_shared<const model::RenderedProduct>(*found) : nullptr;
}

std::vector<model::Product> ReadTx::products_by_id(std::span<const ProductId> ids) {
  std::vector<model::Product> found;
  for (const auto& id : ids) {
    if (auto each = product(id)) found.push_back(std::move(*each));
  }
  return found;
}

std::shared_ptr<const model::RenderedPage> ReadTx::rendered_products(const model::ProductQuery& query) {
  auto page = products(query);
  std::string json = "[";
  for (const auto& each : page.products) {
    if (json.size() > 1) json += ',';
    append_json(json, each);
  }
  json += ']';
  return std::make_shared<const model::RenderedPage>(
      model::RenderedPage{std::move(json), std::move(page.next), page.products.size()});
}

std::optional<model::Role> WriteTx::role_alive(const SessionId& id) {
  const auto found = session(id);
  if (!found || model::is_over(*found, clock_.now())) return {};
  return found->role;
}

std::optional<model::Role> WriteTx::role_alive(const model::Digest& key_hash) {
  const auto key = do_key(key_hash);
  if (!key || !usable(*key, clock_.now())) return {};
  return key->role;
}

void WriteTx::record(const model::Attribution& attribution, RecordKind kind, const RecordId& record,
                     std::int64_t revision, std::string_view op, std::string after, std::optional<UserId> account) {
  if (!model::is_change_word(op)) throw std::logic_error("a change needs a word of model/change_words.cpp");
  Watermark& last = watermark();
  do_append({.number = ++last.number,
             .at = last.time,
             .kind = kind,
             .record = record,
             .revision = revision,
             .op = std::string(op),
             .attribution = attribution,
             .account = account,
             .after = std::move(after)});
  ++recorded_[static_cast<std::size_t>(kind)];
}

std::string WriteTx::state_of(const model::Product& product) const {
  std::string json;
  if (keeps_product_states()) append_json(json, product);
  return json;
}

// After all products of the same millisecond, deleted ones included as far as the engine still knows them. Only a product with an earlier time than the last
// write needs a query.
std::int64_t WriteTx::sequence_for(Time created_at) {
  const auto first = first_sequence_at(created_at), end = first_sequence_after(created_at);
  const auto last = watermark().sequence;
  if (last < first) return first;
  if (last < end) return last + 1;
  const auto found = do_last_sequence(first, end);
  return found ? *found + 1 : first;
}

Status WriteTx::create_product(const model::Attribution& attribution, const model::Product& product) {
  if (product.version != 1) throw std::logic_error("a new product has version 1");
  const auto sequence = sequence_for(product.created_at);
  INTEGRITY_CHECK(do_insert(product, sequence));
  watermark().sequence = std::max(watermark().sequence, sequence);
  record(attribution, RecordKind::product, record_id(product.id), 1, "product.create", state_of(product));
  return {};
}

Status WriteTx::update_product(const model::Attribution& attribution, std::string_view op, const model::Product& before,
                               model::Product& after) {
  if (after.id != before.id) throw std::logic_error("an update is of one product");
  after.version = before.version + 1;
  after.updated_at = now();
  INTEGRITY_CHECK(do_update(before, after));
  record(attribution, RecordKind::product, record_id(after.id), after.version, op, state_of(after));
  return {};
}

Status WriteTx::delete_product(const model::Attribution& attribution, const model::Product& before) {
  do_delete(before);
  record(attribution, RecordKind::product, record_id(before.id), before.version + 1, "product.delete", {});
  return {};
}

Status WriteTx::add_pending_user(const model::User& user) {
  if (user.state != model::UserState::pending || user.version != 0) {
    throw std::logic_error("a pending account has version 0");
  }
  // The clean-up may be late: the name is free from `pending_until` on.
  const auto holder = user_by_name(user.username);
  if (holder && holder->state == model::UserState::pending && holder->pending_until <= now()) {
    do_delete_user(holder->id);
  }
  return do_insert(user);
}

void WriteTx::update_pending_user(const model::User& user) {
  do_update(user, 0);
}

void WriteTx::update_user(const model::Attribution& attribution, std::string_view op, model::User& user) {
  const auto before = this->user(user.id);
  ++user.version;
  user.updated_at = now();
  do_update(user, user.version - 1);
  record(attribution, RecordKind::user, record_id(user.id), user.version, op, to_json(user, now()), user.id);
  const bool active = user.state == model::UserState::active;
  if (before && (before->role != user.role || before->state != user.state)) {
    do_set_role(user.id, active ? std::optional(user.role.value_or(model::Role::editor)) : std::nullopt);
  }
  if (!active) end_sessions_of(attribution, user.id);
}

void WriteTx::replace_recovery_codes(const model::Attribution& attribution, model::User& user,
                                     const std::vector<model::Digest>& hashes) {
  do_replace_recovery_codes(user.id, hashes);
  update_user(attribution, "user.recovery_codes", user);
}

bool WriteTx::spend_recovery_code(const model::Attribution& attribution, model::User& user, const model::Digest& hash) {
  if (!do_spend_recovery_code(user.id, hash)) return false;
  update_user(attribution, "user.recovery_code_used", user);
  return true;
}

void WriteTx::start_session(const model::Attribution& attribution, model::SessionRecord record) {
  model::Session& session = record.session;
  const auto owner = user(session.user);
  if (!owner) throw std::logic_error("a session is of an account");
  session.role = owner->role.value_or(model::Role::editor);
  do_insert(record);
  this->record(attribution, RecordKind::session, record_id(session.id), 1, "session.start", to_json(session),
               session.user);
}

bool WriteTx::end_session(const model::Attribution& attribution, const SessionId& session) {
  const auto ended = do_end_session(session);
  if (!ended) return false;
  record(attribution, RecordKind::session, record_id(session), 2, "session.end", {}, ended->user);
  return true;
}

void WriteTx::add_api_key(const model::Attribution& attribution, model::ApiKey key) {
  const auto owner = user(key.user);
  if (!owner) throw std::logic_error("a key is of an account");
  key.role.reset();
  if (owner->state == model::UserState::active) key.role = owner->role.value_or(model::Role::editor);
  do_insert(key);
  record(attribution, RecordKind::key, record_id(key.id), 1, "key.create", to_json(key), key.user);
}

void WriteTx::revoke_api_key(const model::Attribution& attribution, const model::ApiKey& key, Time at) {
  do_revoke(key, at);
  record(attribution, RecordKind::key, record_id(key.id), 2, "key.revoke", {}, key.user);
}

void WriteTx::add_invitation(const model::Attribution& attribution, const model::Invitation& invitation) {
  do_insert(invitation);
  record(attribution, RecordKind::invitation, record_id(invitation.id), 1, "invitation.create", to_json(invitation),
         invitation.created_by);
}

bool WriteTx::remove_invitation(const model::Attribution& attribution, const model::Invitation& invitation,
                                std::string_view op, std::optional<UserId> account) {
  if (!do_remove(invitation.id)) return false;
  record(attribution, RecordKind::invitation, record_id(invitation.id), 2, op, {},
         account ? account : invitation.created_by);
  return true;
}

Status WriteTx::room_for_response(const UserId& user, std::size_t stored_max) {
  const auto until = do_full_until(user, stored_max);
  if (!until) return {};
  return too_many_attempts(*until - now(), std::to_string(stored_max) +
                                               " responses are stored for this account's Idempotency-Keys, the maximum;"
                                               " wait until the oldest expires, or send the request without a key");
}

Status WriteTx::store_response(const UserId& user, const model::ResponseKey& key, const model::StoredResponse& response,
                               std::size_t stored_max) {
  if (do_store_response(user, key, response, stored_max)) return {};
  INTEGRITY_CHECK(room_for_response(user, stored_max));
  throw std::logic_error("a response was not stored although there is room");
}

void WriteTx::end_sessions_of(const model::Attribution& attribution, const UserId& user, std::optional<SessionId> but) {
  for (const auto& [session, device] : sessions_of(user)) {
    if (session.id != but) end_session(attribution, session.id);
  }
}

}  // namespace integrity::store
