// The queries of ReadTx. Shared by readers and the writer.
#pragma once
#include "store/mongo/handles.hpp"
#include "store/store.hpp"

namespace integrity::store::mongo {

class Reader : public virtual ReadTx {
 public:
  explicit Reader(const model::ProductText& text) : text_(text) {}
  std::optional<model::Product> product(const ProductId& id) override;
  std::vector<model::Product> products_by_id(std::span<const ProductId> ids) override;
  model::ProductPage products(const model::ProductQuery& query) override;
  std::optional<model::User> user(const UserId& id) override;
  std::optional<model::User> user_by_name(std::string_view username) override;
  std::vector<model::User> users() override;
  std::vector<model::User> users_after(std::string_view username_key, std::size_t limit) override;
  bool any_account_confirmed() override;
  std::size_t active_admins() override;
  std::vector<std::string> password_hash_kinds() override;
  std::optional<model::Challenge> challenge(const model::Digest& token_hash) override;
  std::optional<model::Session> session(const SessionId& id) override;
  std::vector<model::SessionRecord> sessions_of(const UserId& user) override;
  std::optional<model::ApiKey> api_key(const ApiKeyId& id) override;
  std::vector<model::ApiKey> usable_api_keys(const UserId& user, Time now) override;
  std::size_t count_usable_api_keys(const UserId& user, Time now) override;
  std::vector<model::ApiKey> api_keys() override;
  std::optional<model::Invitation> invitation(const InvitationId& id) override;
  std::optional<model::Invitation> invitation(const model::Digest& token_hash) override;
  std::vector<model::Invitation> invitations(std::optional<InvitationId> below, std::size_t limit) override;
  std::size_t invitations_open(Time now) override;
  model::FactorCounters factor_counters(const UserId& user) override;
  std::int64_t recovery_codes_left(const UserId& user) override;
  std::vector<model::Change> changes(model::RecordKind kind, const RecordId& record, std::optional<std::int64_t> before,
                                     std::size_t limit) override;
  model::ChangePage find_changes(const model::ChangeQuery& query) override;
  std::int64_t last_change_number() override;

 protected:
  // For a query on this collection. A transaction first sends the writes that it has collected for the collection, so
  // that the query sees them.
  virtual Connection& connection(Name collection) = 0;

  Cursor find(Name collection, const Doc& filter, const Doc& options = {}) {
    return connection(collection).find(collection, filter, options);
  }
  std::optional<Doc> first(Name collection, const Doc& filter, const Doc& options = {}) {
    return connection(collection).first(collection, filter, options);
  }
  std::size_t count(Name collection, const Doc& filter);
  Cursor aggregate(Name collection, const Array& pipeline) {
    return connection(collection).aggregate(collection, pipeline);
  }

  const model::ProductText text_;
};

}  // namespace integrity::store::mongo
