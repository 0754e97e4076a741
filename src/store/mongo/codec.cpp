#include "store/mongo/codec.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "store/mongo/error_map.hpp"

namespace integrity::store::mongo {
namespace {

template <class Enum>
Enum take_enum(View view, Name name) {
  const auto text = view.take<std::string>(name);
  if (const auto value = value_of<Enum>(text)) return *value;
  view.unexpected_value(name);
}

// Empty values are left out.
std::optional<ByteView> unless_empty(const Bytes& bytes) {
  return bytes.empty() ? std::nullopt : std::optional(ByteView(bytes));
}
std::optional<std::string_view> unless_empty(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

Array words_of(const model::Product& product, const model::ProductText& text) {
  Array words;
  for (const auto& word : text.words_of(product)) words.add(word);
  return words;
}

}  // namespace

std::string username_key(std::string_view username) {
  return ascii_lower(username);
}

Doc to_doc(const model::User& u) {
  return Doc("_id", u.id, "username", u.username, "username_key", username_key(u.username), "name", u.name,
             "password_hash", u.password_hash, "password_version", u.password_version, "state", name_of(u.state),
             "totp_secret", unless_empty(u.totp_secret), "totp_confirmed_at", u.totp_confirmed_at, "enrol_until",
             u.enrol_until, "pending_until", u.pending_until, "pending_network", unless_empty(u.pending_network),
             "version", u.version, "created_at", u.created_at, "updated_at", u.updated_at);
}

model::User take_user(View v) {
  return {.id = v.take<UserId>("_id"),
          .username = v.take<std::string>("username"),
          .name = v.take<std::optional<std::string>>("name"),
          .password_hash = v.take<std::string>("password_hash"),
          .password_version = v.take<std::int64_t>("password_version"),
          .state = take_enum<model::UserState>(v, "state"),
          .totp_secret = v.take<std::optional<Bytes>>("totp_secret").value_or(Bytes()),
          .totp_confirmed_at = v.take<std::optional<Time>>("totp_confirmed_at"),
          .enrol_until = v.take<std::optional<Time>>("enrol_until"),
          .pending_until = v.take<std::optional<Time>>("pending_until"),
          .pending_network = v.take<std::optional<std::string>>("pending_network").value_or(""),
          .version = v.take<std::int64_t>("version"),
          .created_at = v.take<Time>("created_at"),
          .updated_at = v.take<Time>("updated_at")};
}

Doc to_doc(const model::Challenge& c) {
  return Doc("_id", c.token_hash, "user", c.user, "next", name_of(c.next), "password_version", c.password_version,
             "pending_secret", unless_empty(c.pending_secret), "tries", c.attempts, "expires_at", c.expires_at);
}

model::Challenge take_challenge(View v) {
  return {.next = take_enum<model::Challenge::Next>(v, "next"),
          .token_hash = v.take<model::Digest>("_id"),
          .user = v.take<UserId>("user"),
          .password_version = v.take<std::int64_t>("password_version"),
          .pending_secret = v.take<std::optional<Bytes>>("pending_secret").value_or(Bytes()),
          .attempts = v.take<int>("tries"),
          .expires_at = v.take<Time>("expires_at")};
}

Doc to_doc(const model::Session& s) {
  return Doc("_id", s.id, "user", s.user, "factor", name_of(s.factor), "created_at", s.created_at, "expires_at",
             s.expires_at);
}

model::Session take_session(View v) {
  return {.id = v.take<SessionId>("_id"),
          .user = v.take<UserId>("user"),
          .factor = take_enum<model::SecondFactor>(v, "factor"),
          .created_at = v.take<Time>("created_at"),
          .expires_at = v.take<Time>("expires_at")};
}

model::FactorCounters take_factor_counters(View v) {
  return {.last_step = v.take<std::int64_t>("last_step"),
          .failures = v.take<std::int64_t>("failures"),
          .failures_unredeemed = v.take<std::int64_t>("failures_unredeemed"),
          .locked_until = v.take<std::optional<Time>>("locked_until")};
}

Doc to_doc(const model::Change& c) {
  return Doc("_id", c.number, "at", c.at, "kind", name_of(c.kind), "record", c.record, "revision", c.revision, "op",
             c.op, "actor", c.attribution.actor, "proof", name_of(c.attribution.proof), "reason", c.attribution.reason,
             "reference", c.attribution.reference, "after", unless_empty(c.after));
}

model::Change take_change(View v) {
  return {.number = v.take<std::int64_t>("_id"),
          .at = v.take<Time>("at"),
          .kind = take_enum<model::RecordKind>(v, "kind"),
          .record = v.take<RecordId>("record"),
          .revision = v.take<std::int64_t>("revision"),
          .op = v.take<std::string>("op"),
          .attribution = {.actor = v.take<std::optional<UserId>>("actor"),
                          .proof = take_enum<model::Attribution::Proof>(v, "proof"),
                          .reason = v.take<std::optional<std::string>>("reason"),
                          .reference = v.take<std::optional<std::string>>("reference")},
          .after = v.take<std::optional<std::string>>("after").value_or("")};
}

Doc to_doc(const model::Product& p, std::int64_t sequence, const model::ProductText& text) {
  return Doc("_id", p.id, "place", sequence, "sku", p.sku, "name", p.name, "description", p.description, "price",
             p.price, "currency", p.currency, "stock", p.stock, "version", p.version, "created_at", p.created_at,
             "updated_at", p.updated_at, "name_key", text.sort_key(p.name), "words", words_of(p, text));
}

model::Product take_product(View v) {
  return {.id = v.take<ProductId>("_id"),
          .sku = v.take<std::optional<std::string>>("sku"),
          .name = v.take<std::string>("name"),
          .description = v.take<std::optional<std::string>>("description"),
          .price = v.take<Money>("price"),
          .currency = v.take<std::string>("currency"),
          .stock = v.take<std::int64_t>("stock"),
          .version = v.take<std::int64_t>("version"),
          .created_at = v.take<Time>("created_at"),
          .updated_at = v.take<Time>("updated_at")};
}

Doc derived_from(const model::Product& product, const model::ProductText& text) {
  return Doc("name_key", text.sort_key(product.name), "words", words_of(product, text));
}

// A movement of stock, the most frequent change, does not touch the indexes of texts and prices.
Doc changes_of(const model::Product& before, const model::Product& p, const model::ProductText& text) {
  Doc set("stock", p.stock, "version", p.version, "updated_at", p.updated_at);
  Doc unset;
  if (p.price != before.price) set.add("price", p.price);
  if (p.currency != before.currency) set.add("currency", p.currency);
  if (p.sku != before.sku) p.sku ? set.add("sku", *p.sku) : unset.add("sku", "");
  if (p.description != before.description) {
    p.description ? set.add("description", *p.description) : unset.add("description", "");
  }
  if (p.name != before.name) set.add("name", p.name, "name_key", text.sort_key(p.name));
  if (p.name != before.name || p.description != before.description || p.sku != before.sku) {
    set.add("words", words_of(p, text));
  }
  Doc changes("$set", set);
  if (!unset.empty()) changes.add("$unset", unset);
  return changes;
}

StoredResponseId stored_response_id(const UserId& user, const model::ResponseKey& key) {
  StoredResponseId id;
  std::copy(key.begin(), key.end(), std::copy(user.bytes.begin(), user.bytes.end(), id.begin()));
  return id;
}

Doc to_doc(const UserId& user, const model::ResponseKey& key, const model::StoredResponse& a) {
  return Doc("_id", stored_response_id(user, key), "user", user, "request", a.request, "status", a.status, "headers",
             a.headers, "body", a.body, "expires_at", a.expires_at);
}

model::StoredResponse take_stored_response(View v) {
  return {.request = v.take<model::Digest>("request"),
          .status = v.take<int>("status"),
          .headers = v.take<std::string>("headers"),
          .body = v.take<std::string>("body"),
          .expires_at = v.take<Time>("expires_at")};
}

Doc to_doc(const MigrationState& state) {
  return Doc("role", state.role == MigrationState::Role::source ? "source" : "target", "move", state.move, "other",
             state.other, "at", state.at, "complete", state.complete, "closed", state.closed());
}

MigrationState take_migration_state(View v) {
  return {.role = v.take<std::string>("role") == "source" ? MigrationState::Role::source : MigrationState::Role::target,
          .move = v.take<std::string>("move"),
          .other = v.take<std::string>("other"),
          .at = v.take<Time>("at"),
          .complete = v.take<bool>("complete")};
}

}  // namespace integrity::store::mongo
