#include "store/bulk.hpp"

#include <array>

namespace integrity::store {
namespace {

template <class T>
constexpr std::string_view name = T::has_no_name;
template <>
constexpr std::string_view name<model::User> = "accounts";
template <>
constexpr std::string_view name<FactorCountersOf> = "code counters";
template <>
constexpr std::string_view name<RecoveryCodesOf> = "recovery codes";
template <>
constexpr std::string_view name<model::Challenge> = "challenges";
template <>
constexpr std::string_view name<model::SessionRecord> = "sessions";
template <>
constexpr std::string_view name<model::ApiKey> = "keys for programs";
template <>
constexpr std::string_view name<model::Invitation> = "invitations";
template <>
constexpr std::string_view name<SequencedProduct> = "products";
template <>
constexpr std::string_view name<model::Change> = "changes";
template <>
constexpr std::string_view name<StoredResponseOf> = "stored responses";
template <>
constexpr std::string_view name<KeyFingerprint> = "key fingerprints";

constexpr auto kKinds = [] {
  std::array<RowKind, std::variant_size_v<Row>> kinds{};
  for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = static_cast<RowKind>(i);
  return kinds;
}();

}  // namespace

std::span<const RowKind> all_row_kinds() {
  return kKinds;
}

std::string_view name_of(RowKind kind) {
  return with_type_of(kind, []<class T>(std::type_identity<T>) { return name<T>; });
}

std::string why_closed(const MigrationState& state) {
  const std::string at = to_rfc3339(state.at);
  if (state.of_restore()) {
    return "a restore into this store is not finished: it began at " + at + ", from " + state.other +
           ". Run `integrity restore FILE --store …` again: it starts over";
  }
  if (state.role == MigrationState::Role::target) {
    return "a migration into this store is not finished: since " + at + " everything is copied from " + state.other +
           ". Run the same `integrity migrate --from … --to …` again: it continues where it stopped";
  }
  if (state.complete) {
    return "this store is sealed: everything in it was moved to " + state.other + ", by a migration that began at " +
           at + ". Use that store";
  }
  return "this store is sealed: since " + at + " it is being moved to " + state.other +
         ". Run the same `integrity migrate --from … --to …` again to finish the migration, or end it with `integrity"
         " migrate --unseal --from …`";
}

}  // namespace integrity::store
