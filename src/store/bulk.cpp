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
constexpr std::string_view name<model::Session> = "sessions";
template <>
constexpr std::string_view name<PlacedProduct> = "products";
template <>
constexpr std::string_view name<model::Change> = "changes";
template <>
constexpr std::string_view name<KeptAnswerOf> = "kept answers";
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

std::string why_closed(const MigrationState& mark) {
  const std::string at = to_rfc3339(mark.at);
  if (mark.role == MigrationState::Role::target) {
    return "a move into this store is not finished: since " + at + " it comes from " + mark.other +
           ". Run the same `integrity migrate --from … --to …` again, and it goes on where it was";
  }
  if (mark.complete) {
    return "this store is sealed: all that was in it was moved to " + mark.other + ", by a move that began at " + at +
           ". Use that one";
  }
  return "this store is sealed: since " + at + " it is being moved to " + mark.other +
         ". Run the same `integrity migrate --from … --to …` again to finish that, or give it up with `integrity"
         " migrate --unseal --from …`";
}

}  // namespace integrity::store
