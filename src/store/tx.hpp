// What can be asked of a store, and what can be done to it.
//
// Everything that changes a record goes through WriteTx's public functions, and each of them records the Change
// itself: a mutation that is not in the history cannot be written. Engines implement the private `do_` ones.
// Pending sign-ups, challenges, counters and kept answers are no records: they have no history.
//
// Misuse by the program (a version that does not follow, a record of an account that is not there) throws: the
// write is undone and ends with Code::internal.
#pragma once
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/change.hpp"
#include "model/product.hpp"
#include "model/stored_response.hpp"
#include "model/user.hpp"
#include "store/watermark.hpp"

namespace integrity::store {

class ReadTx {
 public:
  virtual ~ReadTx() = default;

  virtual std::optional<model::Product> product(const ProductId& id) = 0;
  // The same as clients see it, null for none. Engines may keep these at hand, as long as none is older than an
  // acknowledged write.
  virtual std::shared_ptr<const model::RenderedProduct> rendered_product(const ProductId& id);
  // At most query.limit products, and where to go on. A page may be shorter although more are behind it, where the time
  // ran out. A product whose key in the order stays the same while pages are read comes in exactly one of them.
  virtual model::ProductPage products(const model::ProductQuery& query) = 0;
  // The same as clients see it. Engines may keep these at hand, as long as none is older than an acknowledged write.
  virtual std::shared_ptr<const model::RenderedPage> rendered_products(const model::ProductQuery& query);

  virtual std::optional<model::User> user(const UserId& id) = 0;
  virtual std::optional<model::User> user_by_name(std::string_view username) = 0;  // any case
  virtual std::vector<model::User> users() = 0;                                    // by username
  // How stored passwords are hashed: the part before the salt of every hash, each once: "$2b$12$", "bytes:$2b$10$".
  virtual std::vector<std::string> password_hash_kinds() = 0;
  virtual std::optional<model::Challenge> challenge(const model::Digest& token_hash) = 0;
  // Until it is ended or cleared away; whether it has expired is for the caller to see.
  virtual std::optional<model::Session> session(const SessionId& id) = 0;
  virtual model::FactorCounters factor_counters(const UserId& user) = 0;
  virtual std::int64_t recovery_codes_left(const UserId& user) = 0;

  // Of one record, newest first; below the revision `before` when it is given.
  virtual std::vector<model::Change> changes(model::RecordKind kind, const RecordId& record,
                                             std::optional<std::int64_t> before, std::size_t limit) = 0;
  virtual std::int64_t last_change_number() = 0;
};

class WriteTx : public virtual ReadTx {
 public:
  explicit WriteTx(const Clock& clock) : clock_(clock) {}

  // The time of this write: never earlier than that of a write committed before.
  Time now() { return watermark().time; }

  // Whether a session is there and has not expired, by the host's clock.
  bool alive(const SessionId& id);

  // An answer that refuses, while what this write did stays: `return tx.commit_with(invalid_code())` after counting the guess.
  Error commit_with(Error error) {
    kept_ = true;
    return error;
  }

  // For who asks whether the store can be written: changes nothing, and yet its commit needs the disk, unless another
  // has just proved the same. However often it is called, it costs one write a second. Error: unavailable, where there is
  // room for this but hardly for anything else.
  virtual Status touch() = 0;

  // Products. Errors: sku_taken.
  Status create_product(const model::Attribution& attribution, const model::Product& product);
  // `op` is what happened: "product.update", "product.stock". Gives `after` the version after that of `before`, which
  // must be the one that is stored, and this write's time as `updated_at`.
  Status update_product(const model::Attribution& attribution, std::string_view op, const model::Product& before,
                        model::Product& after);
  Status delete_product(const model::Attribution& attribution, const model::Product& before);

  // Accounts. A pending one has no history and version 0; its first change is "user.confirm", which makes it
  // version 1. A name is free again from `pending_until` on. Errors: username_taken.
  Status add_pending_user(const model::User& user);
  void update_pending_user(const model::User& user);

  // Pending accounts in all, or of one network.
  virtual std::size_t pending_users(std::optional<std::string_view> network) = 0;
  // Removes at most `limit` accounts that are over (model::is_over, as for sessions and challenges below), with their
  // challenges. Returns how many.
  virtual std::size_t remove_expired_pending_users(Time at, std::size_t limit) = 0;
  // `op` is what happened: "user.confirm", "user.password", "user.factor", "user.disable", … `user` has the version that
  // is stored, and gets the next one and this write's time as `updated_at`. The sessions of an account that is not
  // active end with it.
  void update_user(const model::Attribution& attribution, std::string_view op, model::User& user);

  // Recovery codes: keyed hashes. A set replaces the set before. An update of `user`, as above.
  void replace_recovery_codes(const model::Attribution& attribution, model::User& user,
                              const std::vector<model::Digest>& hashes);
  // True iff it was there; then it is no more. One conditional write: of several that try, one gets true.
  bool spend_recovery_code(const model::Attribution& attribution, model::User& user, const model::Digest& hash);

  // Sessions.
  void start_session(const model::Attribution& attribution, const model::Session& session);
  // True iff it had not been ended. Expiry is by the host's clock, never by now(), which may stand still.
  bool end_session(const model::Attribution& attribution, const SessionId& session);
  void end_sessions_of(const model::Attribution& attribution, const UserId& user, std::optional<SessionId> but = {});
  virtual std::size_t remove_expired_sessions(Time at, std::size_t limit) = 0;

  // Challenges.
  virtual void add_challenge(const model::Challenge& challenge) = 0;
  // Counts a try before it is looked at. False when there is none with fewer than `tries_max` tries.
  virtual bool count_challenge_try(const model::Digest& token_hash, int attempts_max) = 0;
  virtual bool spend_challenge(const model::Digest& token_hash) = 0;  // true iff it was there
  virtual void remove_challenges_of(const UserId& user) = 0;
  // Keeps the `count` that expire last, of one account and kind. Returns how many went.
  virtual std::size_t remove_challenges_but_newest(const UserId& user, model::Challenge::Next next,
                                                   std::size_t count) = 0;
  virtual std::size_t remove_expired_challenges(Time at, std::size_t limit) = 0;

  // Guess budgets. `spend_totp_step` is one conditional write: true iff `step` is later than the last one spent.
  virtual bool spend_totp_step(const UserId& user, std::int64_t step) = 0;
  // Never takes `last_step` back, so that a spent code stays spent.
  virtual void set_factor_counters(const UserId& user, const model::FactorCounters& counters) = 0;
  // Counters belong to one authenticator and go with it: steps spent with another secret mean nothing to the next.
  virtual void remove_factor_counters(const UserId& user) = 0;

  // Kept answers, for requests that are sent again. They expire by the host's clock, for now() may stand still. One that
  // goes early lets a change happen twice: those with more life left than model::stored_response_life, which only a clock that
  // was ahead has made, are shortened to it by `remove_expired_answers`.
  virtual std::optional<model::StoredResponse> stored_response(const UserId& user, const model::ResponseKey& key) = 0;
  // Asked before anything is written. Error: too_many_attempts, until the oldest of `kept_max` expires.
  Status room_for_answer(const UserId& user, std::size_t kept_max);
  // There must be none under this key. One conditional write; the same error.
  Status store_response(const UserId& user, const model::ResponseKey& key, const model::StoredResponse& answer,
                        std::size_t kept_max);
  virtual std::size_t remove_expired_answers(std::size_t limit) = 0;

  // What tells the keys that the store is used with from others, by their names. No record: it has no history.
  virtual std::optional<model::Digest> key_fingerprint(std::string_view key) = 0;
  virtual void set_key_fingerprint(std::string_view key, const model::Digest& fingerprint) = 0;

  // For the engine's writer.
  bool kept() const { return kept_; }  // see `keep`
  // The jobs of a group have run, and what of them stays is settled: the last thing before the commit. Afterwards the
  // database holds all that the group wrote, and only the commit itself can fail.
  virtual void end_group() = 0;

 protected:
  const Clock& clock_;
  bool kept_ = false;

 private:
  std::int64_t sequence_for(Time created_at);
  void record(const model::Attribution& attribution, model::RecordKind kind, const RecordId& record,
              std::int64_t revision, std::string_view op, std::string after);

  // Where this group goes on. Engines that share it with other writers take it when they are first asked.
  virtual Watermark& watermark() = 0;
  virtual void do_append(const model::Change& change) = 0;
  // The greatest that a product has, of those from `first` on and before `end`.
  virtual std::optional<std::int64_t> do_last_place(std::int64_t first, std::int64_t end) = 0;
  virtual Status do_insert(const model::Product& product, std::int64_t sequence) = 0;
  virtual Status do_update(const model::Product& before, const model::Product& after) = 0;  // where version = before's
  virtual void do_delete(const model::Product& product) = 0;  // where version = product.version
  virtual Status do_insert(const model::User& user) = 0;
  virtual void do_update(const model::User& user, std::int64_t version_before) = 0;
  virtual void do_delete_user(const UserId& user) = 0;  // a pending one
  virtual void do_replace_recovery_codes(const UserId& user, const std::vector<model::Digest>& hashes) = 0;
  virtual bool do_spend_recovery_code(const UserId& user, const model::Digest& hash) = 0;
  virtual void do_insert(const model::Session& session) = 0;
  virtual std::vector<model::Session> do_sessions_of(const UserId& user) = 0;          // expired ones included
  virtual std::optional<model::Session> do_end_session(const SessionId& session) = 0;  // what it was, unless ended
  // When the oldest expires, if there are `kept_max` that have not; those that have do not count.
  virtual std::optional<Time> do_full_until(const UserId& user, std::size_t kept_max) = 0;
  virtual bool do_store_response(const UserId& user, const model::ResponseKey& key, const model::StoredResponse& answer,
                                 std::size_t kept_max) = 0;  // false where there is no room
};

}  // namespace integrity::store
