// Everything that a store keeps, as rows: what a move from one engine to the other reads and writes (see move.hpp).
// Beside Store, not above it: no change is recorded, numbers, times and places are those of the rows.
//
// Both sides of a move carry a MigrationState. A store whose mark is `closed` takes no other work: to open it as a Store throws
// Unavailable, and nodes that have it open already end their writes with Code::unavailable. So rows that are read stay
// as they are, and engines give those of a kind in an order that is the same every time: how many the target has of
// them is how far a move came.
//
// Every error is an exception, Unavailable where the store cannot be reached.
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
// Those that are left; nobody's row is empty.
struct RecoveryCodesOf {
  UserId user;
  std::vector<model::Digest> hashes;
};
struct PlacedProduct {
  std::int64_t sequence = 0;  // see docs/adr/0007
  model::Product product;
};
struct KeptAnswerOf {
  UserId user;
  model::ResponseKey key{};
  model::StoredResponse answer;
};
struct KeyFingerprint {
  std::string key;
  model::Digest fingerprint{};
};

// What belongs to an account comes after the accounts. Kept answers are in the order in which they expire.
//
// For a new kind of row: its type here, its name in bulk.cpp, and in the bulk.cpp of each engine its `Rows` and, for SQLite,
// its `put`. What is missing does not compile.
using Row = std::variant<model::User, FactorCountersOf, RecoveryCodesOf, model::Challenge, model::Session,
                         PlacedProduct, model::Change, KeptAnswerOf, KeyFingerprint>;

enum class RowKind : std::uint8_t {};  // the index of the type in Row
std::span<const RowKind> all_row_kinds();
std::string_view name_of(RowKind kind);  // "recovery codes"

// Calls f with a std::type_identity of the kind's type.
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
  std::string move;   // its name, drawn when it began: the same on both sides
  std::string other;  // the address of the other side
  Time at{};          // when it began
  bool complete = false;

  bool closed() const { return role == Role::source || !complete; }
  bool operator==(const MigrationState&) const = default;
};
std::string why_closed(const MigrationState& mark);  // for the operator, with what to do

class Bulk {
 public:
  virtual ~Bulk() = default;

  virtual std::string address() const = 0;  // for people and for marks: without user and password
  // Nothing also where there is no database yet.
  virtual std::optional<MigrationState> migration_state() = 0;
  virtual bool empty() = 0;  // may be asked before `prepare`
  // Something there that is not this program's, "the collection x"; nothing where there is none. Before `prepare` too.
  virtual std::optional<std::string> foreign() = 0;

  // Makes the database, or brings it up to date. What is below is for one that is prepared.
  virtual void prepare() = 0;

  // Instead of the mark that was seen last, by `mark` or here; throws Unavailable where it is another one by now. When
  // this returns, the disk has it, and no write that was under way before is still to come.
  virtual void set_migration_state(const std::optional<MigrationState>& mark) = 0;

  virtual std::size_t count(RowKind kind) = 0;
  // Those behind the first `skip`.
  virtual void read(RowKind kind, std::size_t skip, const std::function<void(Row)>& take) = 0;
  // All of one kind, in their order, in one commit or more: of a write that fails, the first may be there. The mark
  // must be that of a target that is not complete.
  virtual void write(std::span<const Row> rows) = 0;

  virtual Watermark watermark() = 0;
  virtual void set_watermark(const Watermark& watermark) = 0;
};

}  // namespace integrity::store
