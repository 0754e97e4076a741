// Rows as documents, and back. Most are what store/members.hpp says; collections/*.json says it to the server.
#pragma once
#include "store/members.hpp"
#include "store/mongo/bson.hpp"

namespace integrity::store::mongo {

// Usernames are unique, ignoring case. They are ASCII.
std::string username_key(std::string_view username);

// The name of a member: the first is the `_id`.
template <class T, std::size_t index>
constexpr Name name_in_document = index == 0 ? Name("_id") : Name(std::get<index>(Described<T>::members).name);

template <class T>
Doc to_doc(const T& row) {
  Doc doc;
  const auto add = [&]<std::size_t index>(std::integral_constant<std::size_t, index>) {
    constexpr auto& member = std::get<index>(Described<T>::members);
    const auto& value = member.get(row);
    if constexpr (member.missing == Missing::if_empty) {
      if (value.empty()) return;
    }
    doc.add(name_in_document<T, index>, value);
  };
  for_each_index<T>(add);
  return doc;
}
Doc to_doc(const model::User& user);      // with the key by which its name is unique
Doc to_doc(const model::Change& change);  // `listed` is the kind of all but products, for an index without products

template <class T>
T take(View view) {
  T row;
  const auto read = [&]<std::size_t index>(std::integral_constant<std::size_t, index>) {
    constexpr auto& member = std::get<index>(Described<T>::members);
    constexpr Name name = name_in_document<T, index>;
    if (member.missing != Missing::never && !view.has(name)) return;
    using Value = typename StoredMember<T, std::remove_cvref_t<decltype(member)>>::type;
    member.set(row, view.take<Value>(name));
  };
  for_each_index<T>(read);
  complete(row);
  return row;
}

// With what is derived from its texts. The sequence number is stored as `place` (docs/adr/0007).
Doc to_doc(const model::Product& product, std::int64_t sequence, const model::ProductText& text);
model::Product take_product(View view);
// The update from one version to the next.
Doc changes_of(const model::Product& before, const model::Product& after, const model::ProductText& text);
Doc derived_from(const model::Product& product, const model::ProductText& text);

// The id of a stored response: the user and the key.
using StoredResponseId = std::array<std::uint8_t, 28>;
StoredResponseId stored_response_id(const UserId& user, const model::ResponseKey& key);
Doc to_doc(const UserId& user, const model::ResponseKey& key, const model::StoredResponse& answer);
model::StoredResponse take_stored_response(View view);

Doc to_doc(const MigrationState& state);
MigrationState take_migration_state(View view);

}  // namespace integrity::store::mongo
