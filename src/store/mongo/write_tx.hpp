// WriteTx in one transaction of the server. One object for the life of the writer, which uses it for one group after
// the other.
//
// Every query costs a round trip. So writes that need no answer are collected and sent in bulk; and products, sessions
// and stored responses that a group has read or written are remembered until it ends, because nobody else can write
// meanwhile (docs/adr/0010). Every query and every direct write goes through connection(collection), which first sends
// the writes collected for that collection. The exception is connection_unsent, for documents of which this group
// remembers all that it wrote.
#pragma once
#include <array>
#include <chrono>
#include <map>
#include <unordered_map>
#include <vector>

#include "store/mongo/codec.hpp"
#include "store/mongo/reader.hpp"
#include "store/mongo/schema.hpp"

namespace integrity::store::mongo {

class MongoWriteTx final : public WriteTx, public Reader {
 public:
  MongoWriteTx(Pool& pool, const Clock& clock, const model::ProductText& text);

  // For the writer. The transaction itself begins with the first query of a job: a group without queries costs nothing.
  // `sessions` and `keys`: those of the origins of the jobs; one query reads them all.
  void begin_group(std::vector<SessionId> sessions, std::vector<model::Digest> keys);
  void begin_job();
  bool job_wrote() const { return writes_ != job_writes_; }
  bool group_wrote() const { return writes_ != 0; }
  bool has_writer_lock() const { return watermark_.has_value(); }
  std::size_t bytes() const { return bytes_; }  // of the documents that the group has written
  void end_group() override;
  bool commit();  // as Connection::commit; true also where there is nothing to commit
  void abort() noexcept;
  // Of nodes that stopped with the writer lock.
  void end_stopped_transactions(std::chrono::microseconds open_longer_than);
  void forget_connection() noexcept;  // after trouble: the next group takes a new one

  Status touch() override;

  std::optional<model::Product> product(const ProductId& id) override;
  std::optional<model::Session> session(const SessionId& id) override;
  std::int64_t last_change_number() override;

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
  // Writes to one collection that are sent together.
  struct Collected {
    Name to;
    std::vector<Write> writes = {};
  };
  // The stored responses of one user that have not expired.
  struct AliveResponses {
    std::int64_t count = 0;
    std::optional<Time> oldest = {};  // when the first and the last of them expire
    Time newest{};
    std::int64_t last_number = 0;
  };

  Connection& connection(Name collection) override;
  Connection& connection_unsent();
  void begin_transaction();         // unless one is under way: takes the writer lock
  Watermark& watermark() override;  // as read with the writer lock: docs/adr/0010
  Collected& collected_for(Name collection);
  void collect(Name collection, Write write);
  void send(Collected& collected);
  std::size_t update(Name collection, const Doc& which, const Doc& how,
                     Connection::Upsert upsert = Connection::Upsert::no) {
    return wrote(connection(collection).update(collection, which, how, upsert));
  }
  std::size_t remove(Name collection, const Doc& which) {
    return wrote(connection(collection).remove(collection, which));
  }
  std::size_t remove_first(Name collection, const Doc& filter, const Doc& order, std::size_t skip, std::size_t limit);
  std::size_t wrote(std::int64_t documents);
  void forget_users(const Array& ids);

  bool sku_is_taken(const model::Product& product);
  std::optional<model::StoredResponse>& known_response(const UserId& user, const model::ResponseKey& key);
  AliveResponses& alive_responses(const UserId& user);

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

  Pool& pool_;
  std::optional<Client> client_;
  std::optional<Connection> connection_;

  // Of the group.
  std::optional<Watermark> watermark_;
  Watermark watermark_before_;
  std::array<Collected, 6> collected_{
      {{in::products}, {in::sessions}, {in::challenges}, {in::stored_responses}, {in::api_keys}, {in::changes}}};
  std::vector<SessionId> sessions_expected_;
  std::vector<model::Digest> keys_expected_;
  std::map<model::Digest, std::shared_ptr<const model::ApiKey>> known_keys_;
  std::unordered_map<SessionId, std::optional<model::Session>, IdHash> known_sessions_;
  std::unordered_map<ProductId, std::optional<model::Product>, IdHash> known_products_;
  std::map<StoredResponseId, std::optional<model::StoredResponse>> known_responses_;
  std::unordered_map<UserId, AliveResponses, IdHash> known_alive_;
  std::size_t writes_ = 0, bytes_ = 0;

  std::size_t job_writes_ = 0;
  std::chrono::steady_clock::time_point proven_until_{};  // until then the last commit proves that writes work
  std::size_t pending_users_ = 0;
  std::chrono::steady_clock::time_point pending_users_known_until_{};
};

}  // namespace integrity::store::mongo
