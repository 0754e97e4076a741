// WriteTx on the writer's connection: one object for the life of the writer, used for one job after
// the other. It remembers what the caches have to learn once the group is committed.
#pragma once
#include <chrono>
#include <vector>

#include "store/bulk.hpp"
#include "store/sqlite/reader.hpp"
#include "store/sqlite/session_map.hpp"
#include "store/sqlite/stored_responses.hpp"

namespace integrity::store::sqlite {

// What became of a session or key. Nothing: it has ended, or was revoked.
using SessionEffect = std::pair<SessionId, std::optional<model::Session>>;
using KeyEffect = std::pair<model::Digest, std::optional<std::shared_ptr<const model::ApiKey>>>;

class SqliteWriteTx final : public WriteTx, public Reader {
 public:
  SqliteWriteTx(Database& db, const Clock& clock, const model::ProductText& text, const SessionMap& sessions,
                const KeyMap& keys);

  // For the writer. A group is committed or forgotten as a whole; a job in it may be forgotten
  // alone.
  void begin_group();
  void begin_job();
  bool job_wrote() const { return db_.rows_changed_ever() != job_.rows; }
  void forget_job();    // after its rows were rolled back
  void forget_group();  // after a ROLLBACK
  void end_group() override;
  void committed();  // the group

  // For the writer, between groups, in a transaction of its own: indexes the words of products that are not indexed yet,
  // those with the lowest change numbers first, until their texts have come to `bytes_max`.
  struct WordsIndexed {
    std::int64_t through;  // see word_index.hpp
    std::size_t bytes;     // of texts, about
  };
  WordsIndexed index_words(std::size_t bytes_max);
  void words_indexed(const WordsIndexed& indexed);  // after its COMMIT
  std::int64_t changes_without_words() const { return watermark_.number - words_through_; }
  // About so many, of the texts of products. More where writes were undone.
  std::size_t bytes_without_words() const { return bytes_without_words_; }
  const std::vector<ProductId>& touched_products() const { return products_; }
  bool products_changed() const { return products_created_ || !products_.empty(); }
  const std::vector<SessionEffect>& session_effects() const { return sessions_; }
  const std::vector<KeyEffect>& key_effects() const { return keys_; }

  // From memory: what is alive, and what this group did about it.
  std::optional<model::Session> session(const SessionId& id) override;
  Status touch() override;
  std::size_t pending_users(std::optional<std::string_view> network) override;
  std::size_t remove_expired_pending_users(Time at, std::size_t limit) override;
  void set_last_login(const UserId& user, Time at) override;
  void update_session(const model::Session& session, const std::optional<model::Device>& device) override;
  std::size_t remove_expired_sessions(Time at, std::size_t limit) override;
  void set_api_keys_used(std::span<const std::pair<ApiKeyId, Time>> used) override;
  std::size_t remove_expired_invitations(Time at, std::size_t limit) override;
  void add_challenge(const model::Challenge& challenge) override;
  bool count_challenge_try(const model::Digest& token_hash, int attempts_max) override;
  bool spend_challenge(const model::Digest& token_hash) override;
  void remove_challenges_of(const UserId& user) override;
  std::size_t remove_challenges_but_newest(const UserId& user, model::Challenge::Next next, std::size_t count) override;
  std::size_t remove_expired_challenges(Time at, std::size_t limit) override;
  bool spend_totp_step(const UserId& user, std::int64_t step) override;
  void remove_factor_counters(const UserId& user) override;
  void set_factor_counters(const UserId& user, const model::FactorCounters& counters) override;
  std::optional<model::StoredResponse> stored_response(const UserId& user, const model::ResponseKey& key) override;
  std::size_t remove_expired_responses(std::size_t limit) override;

  std::optional<model::Digest> key_fingerprint(std::string_view key) override;
  void set_key_fingerprint(std::string_view key, const model::Digest& fingerprint) override;

 private:
  Status taken(const model::Product& product);
  void replace_words(std::int64_t sequence, const model::Product& before, const model::Product& after);
  Watermark& watermark() override { return watermark_; }
  bool keeps_product_states() const override { return false; }  // a change holds what it replaced: migrations/006
  void do_append(const model::Change& change) override;
  std::optional<std::int64_t> do_last_sequence(std::int64_t first, std::int64_t end) override;
  Status do_insert(const model::Product& product, std::int64_t sequence) override;
  Status do_update(const model::Product& before, const model::Product& after) override;
  void do_delete(const model::Product& product) override;
  Status do_insert(const model::User& user) override;
  void do_update(const model::User& user, std::int64_t version_before) override;
  void do_delete_user(const UserId& user) override;
  void do_replace_recovery_codes(const UserId& user, const std::vector<model::Digest>& hashes) override;
  bool do_spend_recovery_code(const UserId& user, const model::Digest& hash) override;
  void do_insert(const model::SessionRecord& record) override;
  std::optional<model::Session> do_end_session(const SessionId& session) override;
  void do_set_role(const UserId& user, const std::optional<model::Role>& role) override;
  void do_insert(const model::ApiKey& key) override;
  void do_revoke(const model::ApiKey& key, Time at) override;
  std::shared_ptr<const model::ApiKey> do_key(const model::Digest& hash) override;
  void do_insert(const model::Invitation& invitation) override;
  bool do_remove(const InvitationId& invitation) override;
  std::optional<Time> do_full_until(const UserId& user, std::size_t stored_max) override;
  bool do_store_response(const UserId& user, const model::ResponseKey& key, const model::StoredResponse& response,
                         std::size_t stored_max) override;

  Database& db() override { return db_; }

  // Where the job began.
  struct JobStart {
    std::int64_t rows = 0;
    Watermark watermark;
    std::size_t products = 0;
    std::size_t sessions = 0;
    std::size_t keys = 0;
    std::size_t responses = 0;
    ChangeCounts recorded{};
  };

  Database& db_;
  const SessionMap& alive_sessions_;
  const KeyMap& alive_keys_;
  Watermark watermark_;
  Time host_now_{};             // of the host when this job began: stored responses expire by it
  std::int64_t words_through_;  // see word_index.hpp
  std::size_t bytes_without_words_ = 0;
  // Of the product whose change is appended next: its sequence number, and as JSON what the change replaces.
  std::int64_t sequence_ = 0;
  std::string replaced_;
  std::vector<ProductId> products_;
  bool products_created_ = false;  // by the group, or by a job of it that was undone
  std::vector<SessionEffect> sessions_;
  std::vector<KeyEffect> keys_;
  StoredResponses stored_responses_;
  JobStart job_;
  Watermark group_watermark_;  // where the group began
  bool group_touched_ = false;
  std::chrono::steady_clock::time_point proven_until_{};  // by a touch: that the disk takes writes
};

}  // namespace integrity::store::sqlite
