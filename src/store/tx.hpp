// Reading from a store, and writing to it.
//
// Every change of a record goes through a public function of WriteTx, which also records the Change: no mutation can be
// missing from the history. Engines implement the private functions, `do_…`. Pending accounts, challenges, counters and
// stored responses are not records: they have no history. Nor have times of use: refreshes, logins, requests with a key.
//
// Misuse by the program (a version that does not follow, an account that does not exist) throws: the write is undone
// and ends with Code::internal.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/api_key.hpp"
#include "model/change.hpp"
#include "model/product.hpp"
#include "model/stored_response.hpp"
#include "model/user.hpp"
#include "store/meters.hpp"
#include "store/watermark.hpp"

namespace integrity::store {

// Whether a key can be used: neither revoked nor expired, and its owner is active.
inline bool usable(const model::ApiKey& key, Time now) {
  return !key.revoked_at && key.role && !(key.expires_at && *key.expires_at <= now);
}

class ReadTx {
 public:
  virtual ~ReadTx() = default;

  virtual std::optional<model::Product> product(const ProductId& id) = 0;
  // The same as clients see it; null where there is none. Engines may cache it, but never show a state older than an
  // acknowledged write.
  virtual std::shared_ptr<const model::RenderedProduct> rendered_product(const ProductId& id);
  // Those of these products that exist, in the order of `ids`. An engine that needs a round trip for each product asks
  // for all of them at once.
  virtual std::vector<model::Product> products_by_id(std::span<const ProductId> ids);
  // At most query.limit products, and where the next page begins. Where the time ran out, a page may be shorter
  // although more products follow. A product whose sort key stays the same while pages are read comes in exactly one of
  // them.
  virtual model::ProductPage products(const model::ProductQuery& query) = 0;
  // The same as clients see it. Engines may cache it, as above.
  virtual std::shared_ptr<const model::RenderedPage> rendered_products(const model::ProductQuery& query);

  virtual std::optional<model::User> user(const UserId& id) = 0;
  virtual std::optional<model::User> user_by_name(std::string_view username) = 0;  // any case
  virtual std::vector<model::User> users() = 0;                                    // by username
  // At most `limit`, by username in lower case, those after this one: "" for the first page.
  virtual std::vector<model::User> users_after(std::string_view username_key, std::size_t limit) = 0;
  virtual bool any_account_confirmed() = 0;  // at any time: some account has `confirmed_at`
  virtual std::size_t active_admins() = 0;   // of role admin, active and confirmed
  // How stored passwords are hashed: the part before the salt of every hash, each once: "$2b$12$", "bytes:$2b$10$".
  virtual std::vector<std::string> password_hash_kinds() = 0;
  virtual std::optional<model::Challenge> challenge(const model::Digest& token_hash) = 0;
  // Until it is ended or cleaned up. The caller checks whether it has expired.
  virtual std::optional<model::Session> session(const SessionId& id) = 0;
  virtual std::vector<model::SessionRecord> sessions_of(const UserId& user) = 0;  // in any order, expired ones too
  // Revoked and expired keys too.
  virtual std::optional<model::ApiKey> api_key(const ApiKeyId& id) = 0;
  virtual std::vector<model::ApiKey> api_keys() = 0;  // in any order
  // Those of an account that are neither revoked nor expired, in any order. The work does not grow with the others.
  virtual std::vector<model::ApiKey> usable_api_keys(const UserId& user, Time now) = 0;
  virtual std::size_t count_usable_api_keys(const UserId& user, Time now) = 0;
  // Until they are accepted, deleted or cleaned up: expired ones too.
  virtual std::optional<model::Invitation> invitation(const InvitationId& id) = 0;
  virtual std::optional<model::Invitation> invitation(const model::Digest& token_hash) = 0;
  // At most `limit`, newest first by creation and id; those after `below`, which may be gone by now.
  virtual std::vector<model::Invitation> invitations(std::optional<InvitationId> below, std::size_t limit) = 0;
  virtual std::size_t invitations_open(Time now) = 0;  // that have not expired
  virtual model::FactorCounters factor_counters(const UserId& user) = 0;
  virtual std::int64_t recovery_codes_left(const UserId& user) = 0;

  // Of one record, newest first; only revisions below `before` where that is given.
  virtual std::vector<model::Change> changes(model::RecordKind kind, const RecordId& record,
                                             std::optional<std::int64_t> before, std::size_t limit) = 0;
  // Of all records, newest first, with what each replaced. Looks at what `query.time_max` allows: a page may be short,
  // even empty, and still have a `next_below`.
  virtual model::ChangePage find_changes(const model::ChangeQuery& query) = 0;
  virtual std::int64_t last_change_number() = 0;
};

class WriteTx : public virtual ReadTx {
 public:
  explicit WriteTx(const Clock& clock) : clock_(clock) {}

  // The time of this write. Never earlier than the time of a write that was committed before.
  Time now() { return watermark().time; }

  // The role of the user of a session, or of the key with this hash. Nothing where it has ended or expired, by the host's
  // clock, or the user is not active.
  std::optional<model::Role> role_alive(const SessionId& id);
  std::optional<model::Role> role_alive(const model::Digest& key_hash);

  // Refuses, and keeps what this write did: `return tx.commit_with(invalid_code())` after counting the attempt.
  Error commit_with(Error error) {
    kept_ = true;
    return error;
  }

  // Proves that the store can be written: changes nothing, but its commit needs the disk, unless another commit has
  // just proved the same. However often it is called, it costs one write a second. Error: unavailable, where the disk
  // has room for this but hardly for anything else.
  virtual Status touch() = 0;

  // Products. Errors: sku_taken.
  Status create_product(const model::Attribution& attribution, const model::Product& product);
  // `op` is what happened: "product.update", "product.stock". `before` must be the stored version. Sets `after.version`
  // to the next one and `after.updated_at` to the time of this write.
  Status update_product(const model::Attribution& attribution, std::string_view op, const model::Product& before,
                        model::Product& after);
  Status delete_product(const model::Attribution& attribution, const model::Product& before);

  // Accounts. A pending account has no history and version 0; its first change, "user.confirm", makes it version 1. Its
  // name is free again from `pending_until` on. Errors: username_taken.
  Status add_pending_user(const model::User& user);
  void update_pending_user(const model::User& user);

  // How many there are, or how many of one network.
  virtual std::size_t pending_users(std::optional<std::string_view> network) = 0;
  // Removes at most `limit` pending accounts that are over (model::is_over, as for sessions and challenges below), and
  // their challenges. Returns how many.
  virtual std::size_t remove_expired_pending_users(Time at, std::size_t limit) = 0;
  // `op` is what happened: "user.confirm", "user.password", "user.factor", "user.disable", … `user.version` must be the
  // stored version; sets it to the next one and `updated_at` to the time of this write. Ends the sessions of an account
  // that is not active. Where the role or the state changes, the account's sessions and keys follow.
  void update_user(const model::Attribution& attribution, std::string_view op, model::User& user);
  virtual void set_last_login(const UserId& user, Time at) = 0;  // no change, no version

  // Recovery codes: keyed hashes. A new set replaces the old one. Updates `user`, as above.
  void replace_recovery_codes(const model::Attribution& attribution, model::User& user,
                              const std::vector<model::Digest>& hashes);
  // Removes it; true iff it existed. One conditional write: of several concurrent attempts, one gets true.
  bool spend_recovery_code(const model::Attribution& attribution, model::User& user, const model::Digest& hash);

  // Sessions. Their role is that of the account, whatever `session` says.
  void start_session(const model::Attribution& attribution, model::SessionRecord session);
  // After a refresh or a fresh proof: no change in the history. It must exist. Keeps the device unless there is one.
  virtual void update_session(const model::Session& session, const std::optional<model::Device>& device = {}) = 0;
  // True iff it had not ended. Sessions expire by the host's clock, not by now(), which may stand still.
  bool end_session(const model::Attribution& attribution, const SessionId& session);
  void end_sessions_of(const model::Attribution& attribution, const UserId& user, std::optional<SessionId> but = {});
  // At most `limit`, of those that are over (model::is_over), but by their end only. Returns how many.
  virtual std::size_t remove_expired_sessions(Time at, std::size_t limit) = 0;

  // Keys for programs: "key.create", then "key.revoke". Their role is that of the account, whatever `key` says.
  void add_api_key(const model::Attribution& attribution, model::ApiKey key);
  void revoke_api_key(const model::Attribution& attribution, const model::ApiKey& key, Time at);  // not revoked yet
  // When each was used last; never lowers it. No change in the history. Keys that do not exist are left out.
  virtual void set_api_keys_used(std::span<const std::pair<ApiKeyId, Time>> used) = 0;

  // Invitations: "invitation.create".
  void add_invitation(const model::Attribution& attribution, const model::Invitation& invitation);
  // `op` is "invitation.delete" or "invitation.accept". True iff it existed. The change belongs to the history of
  // `account`, else of who made the invitation.
  bool remove_invitation(const model::Attribution& attribution, const model::Invitation& invitation,
                         std::string_view op, std::optional<UserId> account = {});
  virtual std::size_t remove_expired_invitations(Time at, std::size_t limit) = 0;  // no change in the history

  // Challenges.
  virtual void add_challenge(const model::Challenge& challenge) = 0;
  // Counts an attempt before its code is checked. False where there is no challenge with fewer than `attempts_max`.
  virtual bool count_challenge_try(const model::Digest& token_hash, int attempts_max) = 0;
  virtual bool spend_challenge(const model::Digest& token_hash) = 0;  // true iff it existed
  virtual void remove_challenges_of(const UserId& user) = 0;
  // Of one account and kind, keeps the `count` that expire last. Returns how many it removed.
  virtual std::size_t remove_challenges_but_newest(const UserId& user, model::Challenge::Next next,
                                                   std::size_t count) = 0;
  virtual std::size_t remove_expired_challenges(Time at, std::size_t limit) = 0;

  // Guess budgets. `spend_totp_step` is one conditional write: true iff `step` is later than the last spent step.
  virtual bool spend_totp_step(const UserId& user, std::int64_t step) = 0;
  // Never lowers the stored `last_step`, so that a spent code stays spent.
  virtual void set_factor_counters(const UserId& user, const model::FactorCounters& counters) = 0;
  // Counters belong to one authenticator and are removed with it: steps that were spent with its secret say nothing
  // about another secret.
  virtual void remove_factor_counters(const UserId& user) = 0;

  // Stored responses, for requests that are sent again. They expire by the host's clock, because now() may stand still.
  // Removing one early could make a change happen twice. So `remove_expired_responses` keeps those with more life left
  // than model::stored_response_life (from a clock that was ahead) and shortens their life to that.
  virtual std::optional<model::StoredResponse> stored_response(const UserId& user, const model::ResponseKey& key) = 0;
  // For a check before anything is written. Error: too_many_attempts, until the oldest of `stored_max` expires.
  Status room_for_response(const UserId& user, std::size_t stored_max);
  // There must be none under this key. One conditional write. The same error.
  Status store_response(const UserId& user, const model::ResponseKey& key, const model::StoredResponse& response,
                        std::size_t stored_max);
  virtual std::size_t remove_expired_responses(std::size_t limit) = 0;

  // Fingerprints of the key files that the store is used with, by the names of the files. They have no history.
  virtual std::optional<model::Digest> key_fingerprint(std::string_view key) = 0;
  virtual void set_key_fingerprint(std::string_view key, const model::Digest& fingerprint) = 0;

  // For the engine's writer.
  bool kept() const { return kept_; }                         // see `commit_with`
  const ChangeCounts& recorded() const { return recorded_; }  // by this group
  // Called after the last job of a group, before the commit. Writes everything that the group has collected, so that
  // afterwards only the commit itself can fail.
  virtual void end_group() = 0;

 protected:
  const Clock& clock_;
  bool kept_ = false;
  ChangeCounts recorded_{};  // engines set it back where they undo changes, and where a group begins

 private:
  std::int64_t sequence_for(Time created_at);
  std::string state_of(const model::Product& product) const;  // as JSON; empty where the engine does not need it
  void record(const model::Attribution& attribution, model::RecordKind kind, const RecordId& record,
              std::int64_t revision, std::string_view op, std::string after, std::optional<UserId> account = {});

  // Whether do_append needs the state of a product after the change. An engine that reads it from the product and its
  // later changes does not.
  virtual bool keeps_product_states() const { return true; }
  // Where this group continues. Engines that share it with other nodes take the writer lock at the first call.
  virtual Watermark& watermark() = 0;
  virtual void do_append(const model::Change& change) = 0;
  // The greatest sequence number of a product from `first` on and below `end`.
  virtual std::optional<std::int64_t> do_last_sequence(std::int64_t first, std::int64_t end) = 0;
  virtual Status do_insert(const model::Product& product, std::int64_t sequence) = 0;
  // Where the stored version is that of `before`.
  virtual Status do_update(const model::Product& before, const model::Product& after) = 0;
  virtual void do_delete(const model::Product& product) = 0;  // where version = product.version
  virtual Status do_insert(const model::User& user) = 0;
  virtual void do_update(const model::User& user, std::int64_t version_before) = 0;
  virtual void do_delete_user(const UserId& user) = 0;  // a pending one
  virtual void do_replace_recovery_codes(const UserId& user, const std::vector<model::Digest>& hashes) = 0;
  virtual bool do_spend_recovery_code(const UserId& user, const model::Digest& hash) = 0;
  virtual void do_insert(const model::SessionRecord& session) = 0;
  // The session as it was; nothing where it had ended.
  virtual std::optional<model::Session> do_end_session(const SessionId& session) = 0;
  // Of the account's sessions, where there is a role, and of its keys that are not revoked.
  virtual void do_set_role(const UserId& user, const std::optional<model::Role>& role) = 0;
  virtual void do_insert(const model::ApiKey& key) = 0;
  virtual void do_revoke(const model::ApiKey& key, Time at) = 0;                       // one that is not revoked
  virtual std::shared_ptr<const model::ApiKey> do_key(const model::Digest& hash) = 0;  // null only where there is none
  virtual void do_insert(const model::Invitation& invitation) = 0;
  virtual bool do_remove(const InvitationId& invitation) = 0;  // true iff it existed
  // When the oldest expires, where an account has `stored_max` that have not expired.
  virtual std::optional<Time> do_full_until(const UserId& user, std::size_t stored_max) = 0;
  virtual bool do_store_response(const UserId& user, const model::ResponseKey& key,
                                 const model::StoredResponse& response,
                                 std::size_t stored_max) = 0;  // false where there is no room
};

}  // namespace integrity::store
