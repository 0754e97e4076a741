// WriteTx in one transaction of the server's: one object for the life of the writer, used for one group after the
// other.
//
// A question costs a round trip, so what only adds is collected and sent in bulk, and products and kept answers that
// were asked for or written in a group are remembered until it ends: nobody else can write meanwhile (see
// docs/adr/0010).
#pragma once
#include <chrono>
#include <map>
#include <unordered_map>

#include "store/mongo/codec.hpp"
#include "store/mongo/reader.hpp"
#include "store/mongo/schema.hpp"

namespace integrity::store::mongo {

class MongoWriteTx final : public WriteTx, public Reader {
 public:
  MongoWriteTx(Pool& pool, const Clock& clock, const model::ProductText& text);

  // For the writer. The transaction itself begins with the first question of a job: one that has none costs nothing.
  void begin_group();
  void begin_job();
  bool kept() const { return kept_; }
  bool job_wrote() const { return writes_ != job_writes_; }
  bool group_wrote() const { return writes_ != 0; }
  bool has_head() const { return head_.has_value(); }
  std::size_t bytes() const { return bytes_; }  // of the documents that the group has written
  void finish();  // sends what is left to send: nothing of the group can be refused any more but the commit
  bool commit();  // as Link's; true also where there is nothing to commit
  void abort() noexcept;
  // Of nodes that stopped while they had the head.
  void end_stopped_transactions(std::chrono::microseconds open_longer_than) noexcept;
  void forget_connection() noexcept;  // after trouble: the next group takes another session

  Time now() const override;
  Status touch() override;

  std::optional<model::Product> product(const ProductId& id) override;
  model::ProductPage products(const model::ProductQuery& query) override;
  std::optional<model::Challenge> challenge(const model::Digest& token_hash) override;
  std::optional<model::Session> session(const SessionId& id) override;
  std::vector<model::Change> changes(model::RecordKind kind, const RecordId& record, std::optional<std::int64_t> before,
                                     std::size_t limit) override;
  std::int64_t last_change_number() override;

  std::size_t pending_users(std::optional<std::string_view> network) override;
  std::size_t remove_expired_pending_users(Time at, std::size_t limit) override;
  std::size_t remove_expired_sessions(Time at, std::size_t limit) override;
  void add_challenge(const model::Challenge& challenge) override;
  bool count_challenge_try(const model::Digest& token_hash, int tries_max) override;
  bool spend_challenge(const model::Digest& token_hash) override;
  void remove_challenges_of(const UserId& user) override;
  std::size_t remove_challenges_but_newest(const UserId& user, model::Challenge::Next next, std::size_t count) override;
  std::size_t remove_expired_challenges(Time at, std::size_t limit) override;
  bool spend_totp_step(const UserId& user, std::int64_t step) override;
  void remove_factor_counters(const UserId& user) override;
  void set_factor_counters(const UserId& user, const model::FactorCounters& counters) override;
  std::optional<model::KeptAnswer> kept_answer(const UserId& user, const model::AnswerKey& key) override;
  std::size_t remove_expired_answers(std::size_t limit) override;
  std::optional<model::Digest> key_fingerprint(std::string_view key) override;
  void set_key_fingerprint(std::string_view key, const model::Digest& fingerprint) override;

 private:
  // What the first operation of a transaction read in meta's "head", and took for itself: see docs/adr/0010.
  struct Head {
    Time time;
    std::int64_t number = 0;  // of the last change
    std::int64_t place = 0;   // the greatest ever given to a product
  };
  // Writes to one collection that wait to be sent.
  struct Waiting {
    Name to;
    std::vector<Write> writes = {};
  };
  // What a user's kept answers leave room for.
  struct Kept {
    std::size_t alive = 0;
    std::optional<Time> oldest = {};
  };

  Link& link() override;  // begins the transaction where none is under way
  Head& head();
  Link& link_behind(Waiting& waiting);
  void wait(Waiting& waiting, Write write);
  void send(Waiting& waiting);
  std::size_t count(Name collection, const Doc& filter);
  std::size_t remove_first(Name collection, const Doc& filter, const Doc& order, std::size_t skip, std::size_t limit);
  std::size_t wrote(std::int64_t documents);
  void forget_users(const Array& ids);

  std::int64_t place_of(const model::Product& product);
  bool sku_is_taken(const model::Product& product);
  std::optional<model::KeptAnswer>& known_answer(const UserId& user, const model::AnswerKey& key);
  Kept& kept_of(const UserId& user);

  void do_append(const model::Change& change) override;
  Status do_insert(const model::Product& product) override;
  Status do_update(const model::Product& before, const model::Product& after) override;
  void do_delete(const model::Product& product) override;
  Status do_insert(const model::User& user) override;
  void do_update(const model::User& user, std::int64_t version_before) override;
  void do_delete_user(const UserId& user) override;
  void do_replace_recovery_codes(const UserId& user, const std::vector<model::Digest>& hashes) override;
  bool do_spend_recovery_code(const UserId& user, const model::Digest& hash) override;
  void do_insert(const model::Session& session) override;
  std::vector<model::Session> do_sessions_of(const UserId& user) override;
  std::optional<model::Session> do_end_session(const SessionId& session) override;
  std::optional<Time> do_full_until(const UserId& user, std::size_t kept_max) override;
  bool do_keep_answer(const UserId& user, const model::AnswerKey& key, const model::KeptAnswer& answer,
                      std::size_t kept_max) override;

  Pool& pool_;
  const Clock& clock_;
  std::optional<Client> client_;
  std::optional<Link> link_;

  // Of the group.
  mutable std::optional<Head> head_;
  Head head_before_;
  Waiting products_waiting_{in::products}, sessions_waiting_{in::sessions}, challenges_waiting_{in::challenges},
      answers_waiting_{in::kept_answers}, changes_waiting_{in::changes};
  std::unordered_map<ProductId, std::optional<model::Product>, IdHash> known_products_;
  std::map<AnswerId, std::optional<model::KeptAnswer>> known_answers_;
  std::unordered_map<UserId, Kept, IdHash> known_kept_;
  std::size_t writes_ = 0, bytes_ = 0;

  std::size_t job_writes_ = 0;
  std::chrono::steady_clock::time_point proven_until_{};  // that a majority takes writes
  std::size_t pending_users_ = 0;
  std::chrono::steady_clock::time_point pending_users_known_until_{};
};

}  // namespace integrity::store::mongo
