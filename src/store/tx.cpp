#include "store/tx.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/json.hpp"
#include "model/lifetime.hpp"

namespace integrity::store {
namespace {

using model::RecordKind;

// An account in the history: without its credentials, and without anything that helps to guess them.
std::string to_json(const model::User& user) {
  std::string out = R"({"id":")" + user.id.hex() + R"(","username":)";
  json::append_string(out, user.username);
  out += R"(,"name":)";
  if (user.name) {
    json::append_string(out, *user.name);
  } else {
    out += "null";
  }
  static constexpr std::string_view kStates[] = {"pending", "active", "disabled"};
  out += R"(,"state":")";
  out += kStates[static_cast<std::size_t>(user.state)];
  out += R"(","password_version":)" + std::to_string(user.password_version);
  out += user.has_factor() ? R"(,"factor":true})" : R"(,"factor":false})";
  return out;
}

std::string to_json(const model::Session& session) {
  std::string out = R"({"id":")" + session.id.hex() + R"(","user":")" + session.user.hex();
  out += session.factor == model::SecondFactor::otp ? R"(","amr":["pwd","otp"])" : R"(","amr":["pwd","recovery"])";
  out += R"(,"created_at":")";
  append_rfc3339(out, session.created_at);
  out += R"(","expires_at":")";
  append_rfc3339(out, session.expires_at);
  out += "\"}";
  return out;
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

bool WriteTx::alive(const SessionId& id) {
  const auto found = session(id);
  return found && !model::is_over(found->expires_at, model::session_life, clock_.now());
}

void WriteTx::record(const model::Attribution& attribution, RecordKind kind, const RecordId& record,
                     std::int64_t revision, std::string_view op, std::string after) {
  Watermark& last = watermark();
  do_append({.number = ++last.number,
             .at = last.time,
             .kind = kind,
             .record = record,
             .revision = revision,
             .op = std::string(op),
             .attribution = attribution,
             .after = std::move(after)});
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
  ++user.version;
  user.updated_at = now();
  do_update(user, user.version - 1);
  record(attribution, RecordKind::user, record_id(user.id), user.version, op, to_json(user));
  if (user.state != model::UserState::active) end_sessions_of(attribution, user.id);
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

void WriteTx::start_session(const model::Attribution& attribution, const model::Session& session) {
  do_insert(session);
  record(attribution, RecordKind::session, record_id(session.id), 1, "session.start", to_json(session));
}

bool WriteTx::end_session(const model::Attribution& attribution, const SessionId& session) {
  if (!do_end_session(session)) return false;
  record(attribution, RecordKind::session, record_id(session), 2, "session.end", {});
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
  for (const auto& session : do_sessions_of(user)) {
    if (session.id != but) end_session(attribution, session.id);
  }
}

}  // namespace integrity::store
