// Everything that a store keeps, as rows, for a migration from one engine to the other (move.hpp). Bulk works on the
// database directly, not through Store: it records no changes and sets no numbers, times or sequence numbers of its
// own.
//
// Both sides of a migration carry a MigrationState. A store whose state is `closed` does nothing but this migration:
// opening it as a Store throws Unavailable, and nodes that already have it open end their writes with
// Code::unavailable. So the rows do not change while they are read. Engines read the rows of a kind in the same order
// every time: the number of rows that the target has shows how far a migration came.
//
// A backup from another engine and a restore into one copy rows in the same way (copy_rows in move.hpp).
//
// Every error is an exception: Unavailable where the store cannot be reached.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "model/api_key.hpp"
#include "model/change.hpp"
#include "model/product.hpp"
#include "model/stored_response.hpp"
#include "model/user.hpp"
#include "store/watermark.hpp"

namespace integrity::store {

struct FactorCountersOf {
  UserId user;
  model::FactorCounters counters;
};
// The codes that are left. An account without any has no row.
struct RecoveryCodesOf {
  UserId user;
  std::vector<model::Digest> hashes;
};
struct SequencedProduct {
  std::int64_t sequence = 0;  // see docs/adr/0007
  model::Product product;
};
struct StoredResponseOf {
  UserId user;
  model::ResponseKey key{};
  model::StoredResponse response;
};
struct KeyFingerprint {
  std::string key;
  model::Digest fingerprint{};
};

// Accounts come before what belongs to them. Stored responses are in the order in which they expire.
//
// A new kind of row needs its type here, its name in bulk.cpp, and what it consists of in members.hpp. Without one of
// these it does not compile. A kind that an engine stores in a way of its own also has `Rows` in the engine's bulk.cpp.
using Row =
    std::variant<model::User, FactorCountersOf, RecoveryCodesOf, model::Challenge, model::SessionRecord, model::ApiKey,
                 model::Invitation, SequencedProduct, model::Change, StoredResponseOf, KeyFingerprint>;

enum class RowKind : std::uint8_t {};  // the index of the type in `Row`
std::span<const RowKind> all_row_kinds();
std::string_view name_of(RowKind kind);  // "recovery codes"

// Calls `f` with a std::type_identity of the type of this kind.
template <class F, std::size_t index = 0>
decltype(auto) with_type_of(RowKind kind, F f) {
  if constexpr (index + 1 < std::variant_size_v<Row>) {
    if (static_cast<std::size_t>(kind) != index) return with_type_of<F, index + 1>(kind, std::move(f));
  }
  return f(std::type_identity<std::variant_alternative_t<index, Row>>());
}
template <class T, std::size_t index = 0>
constexpr RowKind row_kind() {
  if constexpr (std::is_same_v<T, std::variant_alternative_t<index, Row>>) {
    return static_cast<RowKind>(index);
  } else {
    return row_kind<T, index + 1>();
  }
}

struct MigrationState {
  enum class Role : std::uint8_t { source, target } role = Role::source;
  std::string move;   // the id of the migration, random, the same on both sides
  std::string other;  // the address of the other side
  Time at{};          // when the migration began
  bool complete = false;

  bool closed() const { return role == Role::source || !complete; }
  // Of a restore into an engine of several nodes, which is a target like that of a migration until it is complete.
  bool of_restore() const { return move.starts_with(restore_prefix); }
  static constexpr std::string_view restore_prefix = "restore-";
  bool operator==(const MigrationState&) const = default;
};
std::string why_closed(const MigrationState& state);  // for the operator, with what to do

// What rows are read from.
class RowSource {
 public:
  virtual ~RowSource() = default;

  virtual std::string address() const = 0;  // for people and for MigrationState::other; without user and password
  virtual std::size_t count(RowKind kind) = 0;
  // All rows of the kind after the first `skip`.
  virtual void read(RowKind kind, std::size_t skip, const std::function<void(Row)>& take) = 0;
  virtual Watermark watermark() = 0;
};

class Bulk : public RowSource {
 public:
  // Nothing also where there is no database yet.
  virtual std::optional<MigrationState> migration_state() = 0;
  virtual bool empty() = 0;  // may be called before `prepare`
  // Names something in the database that is not this program's, as "the collection x". May be called before `prepare`.
  virtual std::optional<std::string> foreign() = 0;

  // Makes the database, or brings it up to date. The functions below need a prepared one.
  virtual void prepare() = 0;

  // Replaces the state that this object read or set last; throws Unavailable where the store has another one by now.
  // When this returns, the new state is on the disk, and no write that was under way can still be committed.
  virtual void set_migration_state(const std::optional<MigrationState>& state) = 0;

  // Rows of one kind, in their order, in one commit or several: where it throws, the first rows may have been written.
  // The state must be that of a target that is not complete.
  virtual void write(std::span<const Row> rows) = 0;
  // Removes what `write` wrote, of whichever migration or restore. The same state.
  virtual void clear() = 0;

  virtual void set_watermark(const Watermark& watermark) = 0;
};

}  // namespace integrity::store
