#include "store/mongo/write_tx.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "model/lifetime.hpp"
#include "store/mongo/error_map.hpp"
#include "store/refusals.hpp"

namespace integrity::store::mongo {
namespace {

constexpr std::chrono::seconds kProofLife{1};
constexpr std::chrono::seconds kPendingLife{10};

// A filter for those of which model::is_over is true.
template <std::size_t n>
Doc over(const char (&end)[n], Millis life, Time at) {
  return Doc("$or", Array().add(Doc(end, Doc("$lte", at))).add(Doc(end, Doc("$gt", model::last_end(life, at)))));
}

// For writes to a document that the caller has just read in the same transaction.
void expect_one(std::int64_t changed, const char* what) {
  if (changed != 1) throw std::logic_error(what);
}

}  // namespace

MongoWriteTx::MongoWriteTx(Pool& pool, const Clock& clock, const model::ProductText& text)
    : WriteTx(clock), Reader(text), pool_(pool) {}

void MongoWriteTx::begin_group(std::vector<SessionId> sessions, std::vector<model::Digest> keys) {
  watermark_.reset();
  recorded_ = {};
  for (auto& each : collected_) each.writes.clear();
  sessions_expected_ = std::move(sessions);
  keys_expected_ = std::move(keys);
  known_products_.clear();
  known_sessions_.clear();
  known_keys_.clear();
  known_responses_.clear();
  known_alive_.clear();
  writes_ = bytes_ = 0;
}

void MongoWriteTx::begin_job() {
  kept_ = false;
  job_writes_ = writes_;
}

void MongoWriteTx::begin_transaction() {
  if (watermark_) return;
  pool_.standing().expect_writable(clock_.now());
  if (!connection_) connection_.emplace(client_ ? *client_ : client_.emplace(pool_), Connection::Sees::transaction);
  connection_->begin();
  // Takes the writer lock. A conflict is cheap here: nothing else has happened yet. With the lock, this writer is alone
  // until its transaction ends.
  const auto found =
      connection_->find_and_update(in::meta, Doc("_id", "head", "mark.closed", Doc("$ne", true)),
                                   Doc("$inc", Doc("groups", std::int64_t{1}), "$max", Doc("time", clock_.now())));
  if (!found) {
    expect_open(*connection_);
    throw head_is_lost();
  }
  const View view(*found);
  watermark_ = Watermark{view.take<Time>("time"), view.take<std::int64_t>("number"), view.take<std::int64_t>("place")};
  watermark_before_ = *watermark_;
}

// The time is the same for all jobs of a group, and it comes with the writer lock: so this begins the transaction.
Watermark& MongoWriteTx::watermark() {
  begin_transaction();
  return *watermark_;
}

Connection& MongoWriteTx::connection(Name collection) {
  begin_transaction();
  for (auto& each : collected_) {
    if (std::string_view(each.to.text) == collection.text) send(each);
  }
  return *connection_;
}

Connection& MongoWriteTx::connection_unsent() {
  begin_transaction();
  return *connection_;
}

void MongoWriteTx::end_group() {
  if (!watermark_) return;
  for (auto& each : collected_) send(each);
  if (watermark_->number == watermark_before_.number && watermark_->sequence == watermark_before_.sequence) return;
  connection_->send(in::meta, {{Write::How::update, Doc("_id", "head"),
                                Doc("$set", Doc("number", watermark_->number, "place", watermark_->sequence))}});
}

bool MongoWriteTx::commit() {
  if (!watermark_) return true;
  if (!connection_->commit()) return false;
  proven_until_ = std::chrono::steady_clock::now() + kProofLife;
  return true;
}

void MongoWriteTx::abort() noexcept {
  if (group_wrote()) pending_users_known_until_ = {};
  if (connection_) connection_->abort();
}

void MongoWriteTx::end_stopped_transactions(std::chrono::microseconds open_longer_than) {
  if (!connection_) return;
  try {
    const int ended = connection_->end_stopped_transactions(open_longer_than);
    if (ended > 0) log::event("store.writer.stopped", {{"transactions_ended", std::to_string(ended)}});
  } catch (const std::exception& exception) {  // such as a user without the right to: then the server ends them, later
    log::event("store.writer.stopped", {{"transactions_ended", "0"}, {"cause", exception.what()}});
  }
}

void MongoWriteTx::forget_connection() noexcept {
  proven_until_ = {};
  connection_.reset();
  client_.reset();
}

// Every commit proves it: a mongod whose disk is full ends, so there is never room for small writes only.
Status MongoWriteTx::touch() {
  if (std::chrono::steady_clock::now() >= proven_until_) begin_transaction();  // which is a write itself
  return {};
}

void MongoWriteTx::collect(Name collection, Write write) {
  begin_transaction();
  const auto to = std::find_if(collected_.begin(), collected_.end(), [&](const Collected& each) {
    return std::string_view(each.to.text) == collection.text;
  });
  if (to == collected_.end()) throw std::logic_error("writes to this collection are not collected");
  bytes_ += write.what.get()->len;
  to->writes.push_back(std::move(write));
  ++writes_;
}

void MongoWriteTx::send(Collected& collected) {
  if (collected.writes.empty()) return;
  connection_->send(collected.to, collected.writes);
  collected.writes.clear();
}

std::size_t MongoWriteTx::wrote(std::int64_t documents) {
  writes_ += static_cast<std::size_t>(documents);
  return static_cast<std::size_t>(documents);
}

void MongoWriteTx::do_append(const model::Change& change) {
  collect(in::changes, {Write::How::insert, {}, to_doc(change)});
}

std::int64_t MongoWriteTx::last_change_number() {
  return watermark().number;
}

void MongoWriteTx::set_last_login(const UserId& user, Time at) {
  expect_one(static_cast<std::int64_t>(update(in::users, Doc("_id", user), Doc("$set", Doc("last_login_at", at)))),
             "a login of no account");
}

Status MongoWriteTx::do_insert(const model::User& u) {
  if (user_by_name(u.username)) return username_taken(u);
  connection(in::users).send(in::users, {{Write::How::insert, {}, to_doc(u)}});
  wrote(1);
  if (u.state == model::UserState::pending) ++pending_users_;
  return {};
}

void MongoWriteTx::do_update(const model::User& u, std::int64_t version_before) {
  expect_one(connection(in::users).replace(in::users, Doc("_id", u.id, "version", version_before), to_doc(u)),
             "update of an account that is not at the version before");
  wrote(1);
  if (u.state != model::UserState::pending) pending_users_known_until_ = {};
}

void MongoWriteTx::do_delete_user(const UserId& user) {
  if (first(in::users, Doc("_id", user, "state", name_of(model::UserState::pending)))) {
    forget_users(Array().add(user));
  }
}

// With everything that belongs only to them.
void MongoWriteTx::forget_users(const Array& ids) {
  const Doc these("$in", ids);
  pending_users_known_until_ = {};
  remove(in::users, Doc("_id", these));
  remove(in::challenges, Doc("user", these));
  if (remove(in::sessions, Doc("user", these)) > 0) known_sessions_.clear();
  remove(in::factor_counters, Doc("_id", these));
  remove(in::recovery_codes, Doc("_id", these));
}

// Both counts use an index of pending accounts only, which the server chooses where the filter has the key of the
// index. There may be so many that counting all of them for each sign-up would delay every write. So that count is kept
// for a while, and what other nodes change is seen a little later.
std::size_t MongoWriteTx::pending_users(std::optional<std::string_view> network) {
  Doc filter("state", name_of(model::UserState::pending));
  if (network) return count(in::users, filter.add("pending_network", *network));
  const auto now = std::chrono::steady_clock::now();
  if (now >= pending_users_known_until_) {
    pending_users_ = count(in::users, filter.add("pending_until", Doc("$gte", Time{})));
    pending_users_known_until_ = now + kPendingLife;
  }
  return pending_users_;
}

std::size_t MongoWriteTx::remove_expired_pending_users(Time at, std::size_t limit) {
  Array ids;
  std::size_t found = 0;
  for (Cursor each = find(
           in::users, over("pending_until", model::pending_life, at).add("state", name_of(model::UserState::pending)),
           Doc("sort", Doc("pending_until", 1), "limit", static_cast<std::int64_t>(limit), "projection",
               Doc("_id", 1)));
       found < limit && each.next(); ++found) {
    ids.add(each.view().take<UserId>("_id"));
  }
  if (found > 0) forget_users(ids);
  return found;
}

void MongoWriteTx::do_replace_recovery_codes(const UserId& user, const std::vector<model::Digest>& hashes) {
  Array all;
  for (const auto& hash : hashes) all.add(hash);
  update(in::recovery_codes, Doc("_id", user), Doc("$set", Doc("hashes", all)), Connection::Upsert::yes);
}

bool MongoWriteTx::do_spend_recovery_code(const UserId& user, const model::Digest& hash) {
  return update(in::recovery_codes, Doc("_id", user, "hashes", hash), Doc("$pull", Doc("hashes", hash))) == 1;
}

void MongoWriteTx::do_insert(const model::SessionRecord& record) {
  collect(in::sessions, {Write::How::insert, {}, to_doc(record)});
  known_sessions_[record.session.id] = record.session;
}

void MongoWriteTx::update_session(const model::Session& s, const std::optional<model::Device>& device) {
  if (!session(s.id)) throw std::logic_error("update of a session that has ended");
  Doc set("factor", s.factor, "role", s.role, "generation", s.generation, "proven_at", s.proven_at, "expires_at",
          s.expires_at, "refreshed_at", s.refreshed_at);
  Doc unset;
  if (!s.refreshed_at) unset.add("refreshed_at", "");
  if (device) {
    set.add("user_agent", device->user_agent);
    if (!device->user_agent) unset.add("user_agent", "");
    device->address.empty() ? unset.add("address", "") : set.add("address", device->address);
  }
  Doc how("$set", set);
  if (!unset.empty()) how.add("$unset", unset);
  collect(in::sessions, {Write::How::update, Doc("_id", s.id), how});
  known_sessions_[s.id] = s;
}

void MongoWriteTx::do_set_role(const UserId& user, const std::optional<model::Role>& role) {
  if (role) {
    connection(in::sessions).update_all(in::sessions, Doc("user", user), Doc("$set", Doc("role", *role)));
    for (auto& [id, session] : known_sessions_) {
      if (session && session->user == user) session->role = *role;
    }
  }
  connection(in::api_keys)
      .update_all(in::api_keys, Doc("user", user, "revoked_at", Doc("$exists", false)),
                  role ? Doc("$set", Doc("role", *role)) : Doc("$unset", Doc("role", "")));
  known_keys_.clear();
}

// The first call reads all sessions that the group is expected to need.
std::optional<model::Session> MongoWriteTx::session(const SessionId& id) {
  begin_transaction();
  if (const auto known = known_sessions_.find(id); known != known_sessions_.end()) return known->second;
  Array ids;
  const auto ask = [&](const SessionId& each) {
    if (known_sessions_.try_emplace(each).second) ids.add(each);
  };
  ask(id);
  for (const auto& each : std::exchange(sessions_expected_, {})) ask(each);
  for (Cursor found = find(in::sessions, Doc("_id", Doc("$in", ids))); found.next();) {
    const auto session = take<model::Session>(found.view());
    known_sessions_[session.id] = session;
  }
  return known_sessions_[id];
}

std::optional<model::Session> MongoWriteTx::do_end_session(const SessionId& session) {
  const auto ended = connection(in::sessions).find_and_remove(in::sessions, Doc("_id", session));
  if (!ended) return {};
  known_sessions_[session].reset();
  wrote(1);
  return take<model::Session>(View(*ended));
}

// In this order, skips the first `skip` documents and removes the next `limit`.
std::size_t MongoWriteTx::remove_first(Name collection, const Doc& filter, const Doc& order, std::size_t skip,
                                       std::size_t limit) {
  Array pipeline;
  pipeline.add(Doc("$match", filter)).add(Doc("$sort", order)).add(Doc("$skip", static_cast<std::int64_t>(skip)));
  pipeline.add(Doc("$limit", static_cast<std::int64_t>(limit)));
  pipeline.add(Doc("$group", Doc("_id", std::int64_t{0}, "ids", Doc("$push", "$_id"))));
  Cursor found = aggregate(collection, pipeline);
  if (!found.next()) return 0;
  return remove(collection, Doc("_id", Doc("$in", found.view().take<Array>("ids"))));
}

std::size_t MongoWriteTx::remove_expired_sessions(Time at, std::size_t limit) {
  if (limit == 0) return 0;
  known_sessions_.clear();
  return remove_first(in::sessions, over("expires_at", model::session_idle_max, at), Doc("expires_at", 1), 0, limit);
}

// The first call reads all keys that the group is expected to need.
std::shared_ptr<const model::ApiKey> MongoWriteTx::do_key(const model::Digest& hash) {
  if (const auto known = known_keys_.find(hash); known != known_keys_.end()) return known->second;
  Array hashes;
  const auto ask = [&](const model::Digest& each) {
    if (known_keys_.try_emplace(each).second) hashes.add(each);
  };
  ask(hash);
  for (const auto& each : std::exchange(keys_expected_, {})) ask(each);
  for (Cursor found = find(in::api_keys, Doc("hash", Doc("$in", hashes))); found.next();) {
    auto key = take<model::ApiKey>(found.view());
    known_keys_[key.hash] = std::make_shared<const model::ApiKey>(key);
  }
  return known_keys_[hash];
}

void MongoWriteTx::do_insert(const model::ApiKey& key) {
  collect(in::api_keys, {Write::How::insert, {}, to_doc(key)});
  known_keys_[key.hash] = std::make_shared<const model::ApiKey>(key);
}

void MongoWriteTx::do_revoke(const model::ApiKey& key, Time at) {
  const Doc which("_id", key.id, "revoked_at", Doc("$exists", false));
  expect_one(static_cast<std::int64_t>(update(in::api_keys, which, Doc("$set", Doc("revoked_at", at)))),
             "revocation of a key that does not exist or is revoked");
  known_keys_.erase(key.hash);
}

void MongoWriteTx::set_api_keys_used(std::span<const std::pair<ApiKeyId, Time>> used) {
  if (used.empty()) return;
  std::map<ApiKeyId, Time> times;
  Array ids;
  for (const auto& [id, at] : used) {
    ids.add(id);
    auto& latest = times.try_emplace(id, at).first->second;
    latest = std::max(latest, at);
  }
  std::vector<ApiKeyId> there;
  for (Cursor found = find(in::api_keys, Doc("_id", Doc("$in", ids)), Doc("projection", Doc("_id", 1)));
       found.next();) {
    there.push_back(found.view().take<ApiKeyId>("_id"));
  }
  for (const auto& id : there) {
    collect(in::api_keys, {Write::How::update, Doc("_id", id), Doc("$max", Doc("last_used_at", times.at(id)))});
  }
}

void MongoWriteTx::do_insert(const model::Invitation& invitation) {
  connection(in::invitations).send(in::invitations, {{Write::How::insert, {}, to_doc(invitation)}});
  wrote(1);
}

bool MongoWriteTx::do_remove(const InvitationId& invitation) {
  return remove(in::invitations, Doc("_id", invitation)) == 1;
}

std::size_t MongoWriteTx::remove_expired_invitations(Time at, std::size_t limit) {
  if (limit == 0) return 0;
  return remove_first(in::invitations, over("expires_at", model::invitation_life_max, at), Doc("expires_at", 1), 0,
                      limit);
}

void MongoWriteTx::add_challenge(const model::Challenge& c) {
  collect(in::challenges, {Write::How::insert, {}, to_doc(c)});
}

bool MongoWriteTx::count_challenge_try(const model::Digest& token_hash, int attempts_max) {
  return update(in::challenges, Doc("_id", token_hash, "tries", Doc("$lt", attempts_max)),
                Doc("$inc", Doc("tries", 1))) == 1;
}

bool MongoWriteTx::spend_challenge(const model::Digest& token_hash) {
  return remove(in::challenges, Doc("_id", token_hash)) == 1;
}

void MongoWriteTx::remove_challenges_of(const UserId& user) {
  remove(in::challenges, Doc("user", user));
}

std::size_t MongoWriteTx::remove_challenges_but_newest(const UserId& user, model::Challenge::Next next,
                                                       std::size_t count) {
  return remove_first(in::challenges, Doc("user", user, "next", name_of(next)), Doc("expires_at", -1), count,
                      std::numeric_limits<std::int32_t>::max());
}

std::size_t MongoWriteTx::remove_expired_challenges(Time at, std::size_t limit) {
  if (limit == 0) return 0;
  return remove_first(in::challenges, over("expires_at", model::enrol_challenge_life, at), Doc("expires_at", 1), 0,
                      limit);
}

// One conditional update. Where it matches nothing, the step is spent or there are no counters yet.
bool MongoWriteTx::spend_totp_step(const UserId& user, std::int64_t step) {
  if (step <= model::FactorCounters{}.last_step) return false;
  const Doc earlier("_id", user, "last_step", Doc("$lt", step));
  if (update(in::factor_counters, earlier, Doc("$set", Doc("last_step", step))) == 1) return true;
  if (first(in::factor_counters, Doc("_id", user))) return false;
  set_factor_counters(user, {.last_step = step});
  return true;
}

void MongoWriteTx::set_factor_counters(const UserId& user, const model::FactorCounters& c) {
  Doc how("$max", Doc("last_step", c.last_step), "$set",
          Doc("failures", c.failures, "failures_unredeemed", c.failures_unredeemed, "locked_until", c.locked_until));
  if (!c.locked_until) how.add("$unset", Doc("locked_until", ""));
  update(in::factor_counters, Doc("_id", user), how, Connection::Upsert::yes);
}

void MongoWriteTx::remove_factor_counters(const UserId& user) {
  remove(in::factor_counters, Doc("_id", user));
}

std::optional<model::Digest> MongoWriteTx::key_fingerprint(std::string_view key) {
  const auto found = first(in::key_fingerprints, Doc("_id", key));
  if (!found) return {};
  return View(*found).take<model::Digest>("fingerprint");
}

void MongoWriteTx::set_key_fingerprint(std::string_view key, const model::Digest& fingerprint) {
  update(in::key_fingerprints, Doc("_id", key), Doc("$set", Doc("fingerprint", fingerprint)), Connection::Upsert::yes);
}

}  // namespace integrity::store::mongo
