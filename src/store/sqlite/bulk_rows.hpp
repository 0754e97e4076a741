// How all rows of each kind are read, for migrations and checks.
#pragma once
#include "store/bulk.hpp"
#include "store/sqlite/rows.hpp"

namespace integrity::store::sqlite {

// `count`: how many rows there are. `read`: those after the first so many, in their order. `take`: the row of a result.
// bulk.cpp has the other direction, `put`.
template <class T>
struct Rows {
  static constexpr Sql count = count_of<T>;
  static constexpr Sql read = select_from<T, "ORDER BY 1 LIMIT -1 OFFSET ?">;  // by the key
  static T take(Database&, Run& row) { return sqlite::take<T>(row); }
};

// The table has a row for each code.
template <>
struct Rows<RecoveryCodesOf> {
  static constexpr Sql count = "SELECT count(DISTINCT user) FROM recovery_codes";
  static constexpr Sql read = "SELECT DISTINCT user FROM recovery_codes ORDER BY user LIMIT -1 OFFSET ?";
  static RecoveryCodesOf take(Database& db, Run& row) {
    RecoveryCodesOf codes{.user = row.take<UserId>(), .hashes = {}};
    for (auto code = db.query("SELECT hash FROM recovery_codes WHERE user = ? ORDER BY hash", codes.user);
         code.next();) {
      codes.hashes.push_back(code.take<model::Digest>());
    }
    return codes;
  }
};

template <>
struct Rows<SequencedProduct> {
  static constexpr Sql count = "SELECT count(*) FROM products";
  static constexpr Sql read = "SELECT p.place, " PRODUCT_COLUMNS " FROM products p ORDER BY p.place LIMIT -1 OFFSET ?";
  static SequencedProduct take(Database&, Run& row) {
    return {.sequence = row.take<std::int64_t>(), .product = take_product(row)};
  }
};

template <>
struct Rows<model::Change> {
  static constexpr Sql count = count_of<model::Change>;
  static constexpr Sql read = select_changes<"ORDER BY number LIMIT -1 OFFSET ?">;
  static model::Change take(Database& db, Run& row) { return take_change(db, row); }
};

template <>
struct Rows<StoredResponseOf> {
  static constexpr Sql count = count_of<StoredResponseOf>;
  static constexpr Sql read = select_from<StoredResponseOf, "ORDER BY number LIMIT -1 OFFSET ?">;
  static StoredResponseOf take(Database&, Run& row) { return sqlite::take<StoredResponseOf>(row); }
};

}  // namespace integrity::store::sqlite
