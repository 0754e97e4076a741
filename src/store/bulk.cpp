#include "store/bulk.hpp"

#include <array>

namespace integrity::store {
namespace {

using enum RowKind;

constexpr std::array kKinds{users,    factor_counters, recovery_codes, challenges,      sessions,
                            products, changes,         kept_answers,   key_fingerprints};
constexpr std::array<std::string_view, kKinds.size()> kNames{"accounts",   "code counters", "recovery codes",
                                                             "challenges", "sessions",      "products",
                                                             "changes",    "kept answers",  "key fingerprints"};
static_assert(std::variant_size_v<Row> == kKinds.size());

}  // namespace

std::span<const RowKind> all_row_kinds() {
  return kKinds;
}

std::string_view name_of(RowKind kind) {
  return kNames.at(static_cast<std::size_t>(kind));
}

std::string why_closed(const Mark& mark) {
  const std::string at = to_rfc3339(mark.at);
  if (mark.role == Mark::Role::target) {
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
